# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What the guards of OAuth share: whose host a request of oauthlib's came in on."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from .. import hosts
from . import entrance


def http_request(request: Any) -> HttpRequest:
    """Return a request of which only the headers count, as the toolkit itself makes them.

    :param request: a request of oauthlib, which has the WSGI environment as its headers
    """
    made = HttpRequest()
    made.META = request.headers
    return made


def hostname(request: Any) -> str:
    """Return the hostname that a request of oauthlib names, empty when this instance has none such."""
    return hosts.request_hostname(http_request(request))


def is_primary(request: Any) -> bool:
    """Tell whether a request of oauthlib came in on one of the instance's own hostnames."""
    name = hostname(request)
    return bool(name) and hosts.find(name) is None


def admits(request: Any, user: Any, way: str) -> bool:
    """Tell whether a user may enter where a request came in; a refusal is logged.

    :param request: a request of oauthlib
    :param user: an account; None for the tokens of machines, which work on the instance's own hostnames
    :param way: how the account is known, in words for the log
    """
    return entrance.admits(http_request(request), getattr(user, "pk", None), way)
