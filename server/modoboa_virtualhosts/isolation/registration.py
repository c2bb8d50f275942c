# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The toolkit's pages to register applications and to manage tokens: for super administrators.

No part of Modoboa leads to them, but they are there, for everybody who is logged in: an application
registered there with the password grant gets tokens past the second factor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from .. import hosts
from . import places
from .refusals import Refusal, log

NAMESPACE = "oauth2_provider"
PAGES = frozenset(
    (
        *("list", "register", "detail", "delete", "update"),
        *("authorized-token-list", "authorized-token-delete"),
        *("dcr-register", "dcr-register-management"),
    )
)
REASON = "only super administrators manage applications and tokens"


class Middleware:
    """Keeps everybody else out, on every hostname."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Look at where a request leads to.

        :raises PermissionDenied: to one of these pages, and it is no super administrator's
        """
        match = request.resolver_match
        if match is None or match.namespace != NAMESPACE or match.url_name not in PAGES:
            return
        user: Any = request.user
        # Whoever is not logged in is sent to the login form
        if user.is_authenticated and not user.is_superuser:
            log(Refusal(hosts.request_hostname(request), user.pk, match.url_name, REASON))
            raise PermissionDenied


def install() -> None:
    """Come behind the middleware of sessions; all of it has run when a view is chosen."""
    places.add_middleware(f"{__name__}.{Middleware.__name__}")
