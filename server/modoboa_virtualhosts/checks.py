# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What ``manage.py check`` says about a wrong installation."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, register

from . import settings

CATCHER = "modoboa.lib.middleware.RequestCatcherMiddleware"


@register()
def check_installation(**_kwargs: Any) -> list[CheckMessage]:
    """Report what would otherwise only show as something missing."""
    return [*_check_api(), *_check_middleware(), *_check_port()]


def _check_api() -> list[CheckMessage]:
    try:
        import_module("modoboa_virtualhosts.urls_api")
    except ImportError as error:
        return [
            Error(
                f"The API of virtual hosts cannot be loaded: {error}",
                hint="Modoboa passes over this error and would answer 404. Install what is missing"
                " and restart the instance.",
                id="modoboa_virtualhosts.E001",
            )
        ]
    return []


def _check_middleware() -> list[CheckMessage]:
    if CATCHER in django_settings.MIDDLEWARE:
        return []
    return [
        Error(
            f"{CATCHER} is missing from MIDDLEWARE, so no virtual host has its theme.",
            hint="Put it back at the end of MIDDLEWARE in settings.py.",
            id="modoboa_virtualhosts.E002",
        )
    ]


def _check_port() -> list[CheckMessage]:
    port = settings.get("MODOBOA_VIRTUALHOSTS_PORT")
    if isinstance(port, int) and 0 < port < 65536:
        return []
    return [
        Error(
            f"MODOBOA_VIRTUALHOSTS_PORT is {port!r}, which is no port.",
            hint="Set it to the number of the port that browsers use, or leave it out for 443.",
            id="modoboa_virtualhosts.E003",
        )
    ]
