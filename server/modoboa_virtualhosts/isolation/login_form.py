# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The login form: a stranger is refused exactly as a wrong password is."""

from __future__ import annotations

from typing import Any

from modoboa.core.signals import user_can_login

from . import entrance


def refuse_strangers(sender: Any, user: Any, **_kwargs: Any) -> None:
    """Answer Modoboa's question whether a user may log in, whose password is right.

    :param sender: the login form
    :raises ValidationError: this user is not at home on the host that the form was sent to
    """
    if not entrance.admits(sender.request, user.pk, "login form"):
        raise sender.get_invalid_login_error()


def install() -> None:
    """Answer Modoboa's signal."""
    user_can_login.connect(refuse_strangers)
