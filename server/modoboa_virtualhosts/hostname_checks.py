# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What ``manage.py check`` says about virtual hosts that the instance's settings have taken over."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning, register  # noqa: A004, Django's name
from django.db import DatabaseError

from .hosts import primary_hostnames
from .models import VirtualHost


@register()
def check_taken_over(**_kwargs: Any) -> list[CheckMessage]:
    """Report virtual hosts that are the instance's own hostnames by now, where everybody may enter."""
    try:
        taken = VirtualHost.objects.filter(name__in=primary_hostnames()).order_by("name")
        names = list(taken.values_list("name", flat=True))
    except DatabaseError:
        return []  # not migrated yet
    if not names:
        return []
    return [
        Warning(
            f"Hostnames of the instance itself are virtual hosts as well: {', '.join(names)}",
            hint="Everybody may log in there, and no theme shows. Take them out of ALLOWED_HOSTS, which"
            " virtual hosts need not be in; or delete the virtual hosts.",
            id="modoboa_virtualhosts.W004",
        )
    ]
