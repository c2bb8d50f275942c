# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Who mails are from that people ask for on a virtual host: those that reset a password."""

from __future__ import annotations

from typing import Any

from modoboa.core.forms import PasswordResetForm

from .isolation import password_reset, places
from .theme import SENDER_ADDRESS


def _send_mail(
    original: Any,
    form: Any,
    subject_template_name: str,
    email_template_name: str,
    context: dict[str, Any],
    from_email: str,
    *others: Any,
    **more: Any,
) -> None:
    """Send a mail, from the address of the virtual host that it leads to, where it has one."""
    host = password_reset.host_of(context["user"])
    own = host.theme.get(SENDER_ADDRESS) if host else None
    original(
        form,
        subject_template_name,
        email_template_name,
        context,
        own or from_email,
        *others,
        **more,
    )


def install() -> None:
    """Stand where Modoboa sends these mails."""
    places.replace(PasswordResetForm, "send_mail", _send_mail)
