# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""ID tokens of OpenID Connect: the toolkit accepts them in place of access tokens."""

from __future__ import annotations

from typing import Any

from . import oauth, places


class IdTokens:
    """Goes before the toolkit's validator."""

    def validate_id_token(self, token: str, scopes: list[str], request: Any) -> bool:
        """Accept a valid token of a user who may enter; refuse all others like an unknown one."""
        if not super().validate_id_token(token, scopes, request):  # type: ignore[misc]
            return False
        if oauth.admits(request, request.user, "ID token"):
            return True
        request.user = request.client = request.access_token = None
        return False


def install() -> None:
    """Go before the toolkit's validator."""
    places.extend_validator(IdTokens)
