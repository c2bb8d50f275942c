# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The password grant: a token for a password, without the login form.

It asks for no second factor. On virtual hosts it is therefore for those only who have none.
"""

from __future__ import annotations

from typing import Any

from . import oauth, places
from .refusals import Refusal, log

SECOND_FACTOR = "the password grant would pass by the second factor"


class PasswordGrant:
    """Goes before the toolkit's validator."""

    def validate_user(
        self, username: str, password: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept the right password of a user who may enter; refuse all others like a wrong one."""
        valid = super().validate_user(  # type: ignore[misc]
            username, password, client, request, *args, **kwargs
        )
        if not valid or not oauth.admits(request, request.user, "password grant"):
            return False
        if request.user.tfa_enabled and not oauth.is_primary(request):
            hostname = oauth.hostname(request)
            log(Refusal(hostname, request.user.pk, "password grant", SECOND_FACTOR))
            return False
        return True


def install() -> None:
    """Go before the toolkit's validator."""
    places.extend_validator(PasswordGrant)
