# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The toolkit's pages to register applications and to manage tokens: for super administrators.

No part of Modoboa leads to them, but they are there, for everybody who is logged in: an application
registered there with the password grant gets tokens past the second factor.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from .. import hosts, middleware
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


def _keep_out(request: HttpRequest) -> None:
    """Look at where a request leads to, on every hostname.

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
    """Look at where requests lead to."""
    middleware.on_view(_keep_out)
