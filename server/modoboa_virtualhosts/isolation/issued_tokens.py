# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Whatever is issued, whichever grant it is for, is for somebody who may enter.

The other guards have asked already for the grants that a Modoboa uses. This one also holds for
those that it does not, such as that of devices, and for those of later versions.
"""

from __future__ import annotations

from typing import Any

from oauthlib.oauth2.rfc6749.errors import AccessDeniedError, InvalidGrantError

from . import oauth, places


class IssuedTokens:
    """Goes before the toolkit's validator."""

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep a token of a user who may enter.

        :raises InvalidGrantError: the user may not
        """
        # The toolkit sees to it that client credentials stand for no user, but does so later
        user = None if request.grant_type == "client_credentials" else request.user
        if not oauth.admits(request, user, f"grant {request.grant_type}"):
            raise InvalidGrantError(request=request)
        return super().save_bearer_token(token, request, *args, **kwargs)  # type: ignore[misc]

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


def install() -> None:
    """Go before the toolkit's validator."""
    places.extend_validator(IssuedTokens)
