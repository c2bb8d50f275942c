# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Refresh tokens: one that is refused stays good where its user is at home."""

from __future__ import annotations

from typing import Any

from . import oauth, places


class RefreshTokens:
    """Goes before the toolkit's validator."""

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a valid token of a user who may enter; refuse all others like an unknown one."""
        valid = super().validate_refresh_token(  # type: ignore[misc]
            refresh_token, client, request, *args, **kwargs
        )
        return bool(valid) and oauth.admits(request, request.user, "refresh token")


def install() -> None:
    """Go before the toolkit's validator."""
    places.extend_validator(RefreshTokens)
