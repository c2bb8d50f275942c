# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Links to set a new password: on a foreign host they are like one that has been used already."""

from __future__ import annotations

from typing import Any

from modoboa.core.views import PasswordResetConfirmView

from . import entrance, places


def _get_user(original: Any, view: Any, uidb64: str) -> Any:
    """Return whose link it is, None when they may not enter here.

    :param uidb64: the part of the link that says whose it is
    """
    user = original(view, uidb64)
    if user is not None and entrance.admits(view.request, user.pk, "password reset link"):
        return user
    return None


def install() -> None:
    """Stand where the view finds out whose link it is."""
    places.replace(PasswordResetConfirmView, "get_user", _get_user)
