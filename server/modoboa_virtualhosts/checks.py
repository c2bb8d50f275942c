# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What ``manage.py check`` says about a wrong installation."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from django.conf import settings as django_settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from oauth2_provider.settings import oauth2_settings

from . import middleware, settings
from .isolation import access_tokens, new_accounts

_RATE = re.compile(r"[1-9][0-9]*/(s|sec|second|m|min|minute|h|hour|d|day)")
CATCHER = "modoboa.lib.middleware.RequestCatcherMiddleware"


@register()
def check_installation(**_kwargs: Any) -> list[CheckMessage]:
    """Report what would otherwise only show as something missing."""
    return [
        *_check_api(),
        *_check_middleware(),
        *_check_port(),
        *_check_throttles(),
        *_check_guards(),
        *_check_hostnames(),
    ]


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


def _check_throttles() -> list[CheckMessage]:
    """Rates that nobody can keep to, as they cannot be read."""
    wrong = []
    for name in ("MODOBOA_VIRTUALHOSTS_THROTTLE", "MODOBOA_VIRTUALHOSTS_BULK_THROTTLE"):
        rate = settings.get(name)
        if rate is not None and not (isinstance(rate, str) and _RATE.fullmatch(rate)):
            wrong.append((name, rate))
    return [
        Error(
            f"{name} is {rate!r}, which is no rate.",
            hint="Write a number and a time, such as '100/second', '60/minute' or '1000/hour', or"
            " None for no limit.",
            id="modoboa_virtualhosts.E007",
        )
        for name, rate in wrong
    ]


def _check_guards() -> list[CheckMessage]:
    """The guards that other code can take away again, after they were put up."""
    missing = []
    if middleware.PATH not in django_settings.MIDDLEWARE:
        missing.append(f"sessions (is {middleware.SESSIONS} in MIDDLEWARE?)")
    if new_accounts.BACKEND not in django_settings.AUTHENTICATION_BACKENDS:
        missing.append("new accounts (AUTHENTICATION_BACKENDS was changed at run time)")
    if not issubclass(oauth2_settings.OAUTH2_VALIDATOR_CLASS, access_tokens.AccessTokens):
        missing.append("tokens (OAUTH2_PROVIDER was changed at run time)")
    return [
        Error(
            f"People are not kept out of foreign virtual hosts by their {guard}.",
            hint="Put it back as Modoboa's own settings.py has it, and restart the instance.",
            id="modoboa_virtualhosts.E004",
        )
        for guard in missing
    ]


def _check_hostnames() -> list[CheckMessage]:
    """What makes the hostname of a request something that a client may choose freely."""
    found: list[CheckMessage] = []
    wildcards = [
        str(host)
        for host in django_settings.ALLOWED_HOSTS
        if host.__class__ is str and (host == "*" or host.startswith("."))
    ]
    if wildcards and not django_settings.DEBUG:
        found.append(
            checks.Warning(
                f"ALLOWED_HOSTS has a wildcard: {', '.join(wildcards)}",
                hint="Every name that it covers and that is no virtual host, such as that of one"
                " that was deleted, lets in everybody. List the instance's own hostnames.",
                id="modoboa_virtualhosts.W001",
            )
        )
    if django_settings.USE_X_FORWARDED_HOST:
        found.append(
            checks.Warning(
                "USE_X_FORWARDED_HOST is set, so a client may be able to say which host it is on.",
                hint="Leave it out, and let the web server send the hostname as Host; or see to it"
                " that the web server always sets X-Forwarded-Host itself.",
                id="modoboa_virtualhosts.W002",
            )
        )
    return found
