# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Nobody gets in on a hostname that is not theirs, on any path.

Each guard stands at one way in and is a module of its own. docs/isolation.md lists the ways.
"""

from __future__ import annotations

from importlib import import_module

GUARDS = (
    *("login_form", "new_accounts", "sessions", "rest"),
    *("access_tokens", "id_tokens", "issued_tokens", "password_grant", "redirects"),
    *("applications", "registration", "introspection", "logout"),
    *("password_reset", "reset_links", "relying_party"),
)

_installed: set[str] = set()


def install() -> None:
    """Put every guard in its place, once.

    :raises AttributeError: a place is not where it was in the versions of Modoboa, Django REST
        framework or Django OAuth toolkit that this was written for; better no start than no guard
    """
    for name in ("refusals", *GUARDS):
        if name not in _installed:
            import_module(f"{__name__}.{name}").install()
            _installed.add(name)
