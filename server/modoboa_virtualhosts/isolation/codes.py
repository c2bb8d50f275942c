# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Authorization codes: one that is refused stays good where its user is at home."""

from __future__ import annotations

from typing import Any

from . import oauth, places


class Codes:
    """Goes before the toolkit's validator."""

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a valid code of a user who may enter; refuse all others like an unknown one."""
        valid = super().validate_code(  # type: ignore[misc]
            client_id, code, client, request, *args, **kwargs
        )
        return bool(valid) and oauth.admits(request, request.user, "authorization code")


def install() -> None:
    """Go before the toolkit's validator."""
    places.extend_validator(Codes)
