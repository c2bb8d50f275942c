# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""OAuth applications: on virtual hosts, those of the instance's operator alone work.

Any account can have registered one before this extension was there, or on a server that registers
them by itself: with the password grant, say, which asks for no second factor.
"""

from __future__ import annotations

from typing import Any

from . import entrance, oauth, places


class Applications:
    """Goes before the toolkit's validator."""

    def validate_client_id(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Know an application unless it is somebody's own."""
        valid = super().validate_client_id(client_id, request, *args, **kwargs)  # type: ignore[misc]
        return bool(valid) and _is_welcome(request)

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Know an application that has shown its secret unless it is somebody's own."""
        valid = super().authenticate_client(request, *args, **kwargs)  # type: ignore[misc]
        return bool(valid) and _is_welcome(request)

    def authenticate_client_id(
        self, client_id: str, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Know an application without a secret unless it is somebody's own."""
        valid = super().authenticate_client_id(  # type: ignore[misc]
            client_id, request, *args, **kwargs
        )
        return bool(valid) and _is_welcome(request)

    def validate_bearer_token(self, token: str, scopes: list[str], request: Any) -> bool:
        """Accept a valid token unless somebody's own application has got it."""
        if not super().validate_bearer_token(token, scopes, request):  # type: ignore[misc]
            return False
        # Without an application it is from another server, which the operator has named
        if request.client is None or _is_welcome(request):
            return True
        request.user = request.client = request.access_token = None
        self._set_oauth2_error_on_request(request, None, scopes)  # type: ignore[attr-defined]
        return False


def _is_welcome(request: Any) -> bool:
    """Tell whether a request's application is the operator's, or the host the instance's own."""
    return oauth.is_primary(request) or _is_operators(request.client)


def _is_operators(application: Any) -> bool:
    if application.registration_source != application.RegistrationSource.MANUAL:
        return False
    return application.user_id is None or entrance.is_superuser(application.user_id)


def install() -> None:
    """Go before the toolkit's validator."""
    places.extend_validator(Applications)
