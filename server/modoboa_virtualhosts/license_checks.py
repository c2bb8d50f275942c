# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What ``manage.py check`` says about the settings of the licence."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004, Django's name

from . import license_endpoint, settings

_URL = "MODOBOA_VIRTUALHOSTS_LICENSE_URL"


@register()
def check_license(**_kwargs: Any) -> list[CheckMessage]:
    """Report what keeps the licence from being registered."""
    address = license_endpoint.url()
    if address:
        wrong = license_endpoint.objection(address)
        if not wrong:
            return []
        return [
            Error(
                f"No licence key can be sent to {_URL}: {wrong}.",
                hint="Set it to an https:// address, or leave it out.",
                id="modoboa_virtualhosts.E006",
            )
        ]
    required = settings.get("MODOBOA_VIRTUALHOSTS_LICENSE_REQUIRED")
    if not settings.get("MODOBOA_PRO_LICENSE_KEY") or required is False:
        return []
    return [
        Warning(
            f"MODOBOA_PRO_LICENSE_KEY is set and {_URL} is not, so the key cannot be registered"
            " and the endpoints of virtual hosts stay locked.",
            hint="Set the address of your vendor's licensing endpoint; or, if you run this"
            " extension for yourself, MODOBOA_VIRTUALHOSTS_LICENSE_REQUIRED = False.",
            id="modoboa_virtualhosts.W003",
        )
    ]
