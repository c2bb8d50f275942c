# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Whatever is issued, for whichever grant, is for somebody who may enter.

Codes and refresh tokens are looked at when they come in, so that the answer is that for unknown
ones; they stay good where their user is at home. The credentials of machines and devices, and what
later versions may have, are caught when something is about to be issued for them.
"""

from __future__ import annotations

from typing import Any

from oauthlib.oauth2.rfc6749.errors import AccessDeniedError, InvalidGrantError

from . import oauth, places


class IssuedTokens:
    """Goes before the toolkit's validator."""

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a valid code of a user who may enter; refuse all others like an unknown one."""
        valid = super().validate_code(  # type: ignore[misc]
            client_id, code, client, request, *args, **kwargs
        )
        return bool(valid) and oauth.admits(request, request.user, "authorization code")

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a valid token of a user who may enter; refuse all others like an unknown one."""
        valid = super().validate_refresh_token(  # type: ignore[misc]
            refresh_token, client, request, *args, **kwargs
        )
        return bool(valid) and oauth.admits(request, request.user, "refresh token")

    def save_authorization_code(
        self, client_id: str, code: Any, request: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Keep a code of a user who may enter.

        :raises AccessDeniedError: the user may not
        """
        if not oauth.admits(request, request.user, "authorization"):
            raise AccessDeniedError(request=request)
        return super().save_authorization_code(  # type: ignore[misc]
            client_id, code, request, *args, **kwargs
        )

    def finalize_id_token(self, id_token: Any, token: Any, token_handler: Any, request: Any) -> Any:
        """Sign an ID token of a user who may enter.

        :raises InvalidGrantError: the user may not
        """
        _check(request)
        return super().finalize_id_token(  # type: ignore[misc]
            id_token, token, token_handler, request
        )

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep an access token, and a refresh token, of a user who may enter.

        :raises InvalidGrantError: the user may not
        """
        _check(request)
        return super().save_bearer_token(token, request, *args, **kwargs)  # type: ignore[misc]


def _check(request: Any) -> None:
    # The toolkit sees to it that client credentials stand for no user, but does so later
    user = None if request.grant_type == "client_credentials" else request.user
    if not oauth.admits(request, user, f"grant {request.grant_type}"):
        raise InvalidGrantError(request=request)


def install() -> None:
    """Go before the toolkit's validator."""
    places.extend_validator(IssuedTokens)
