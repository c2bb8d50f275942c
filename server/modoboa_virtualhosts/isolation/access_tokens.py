# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Access tokens, in a header or in the address, wherever they are accepted.

The REST API accepts them, and so do the toolkit's own addresses, such as userinfo.
"""

from __future__ import annotations

from typing import Any

from . import oauth, places


class AccessTokens:
    """Goes before the toolkit's validator."""

    def validate_bearer_token(self, token: str, scopes: list[str], request: Any) -> bool:
        """Accept a valid token of a user who may enter; refuse all others like an unknown one."""
        if not super().validate_bearer_token(token, scopes, request):  # type: ignore[misc]
            return False
        if oauth.admits(request, request.user, "access token"):
            return True
        request.user = request.client = request.access_token = None
        self._set_oauth2_error_on_request(request, None, scopes)  # type: ignore[attr-defined]
        return False


def install() -> None:
    """Go before the toolkit's validator."""
    places.extend_validator(AccessTokens)
