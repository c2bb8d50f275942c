# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The extension's settings in an instance's settings.py, and their defaults.

``modoboa-admin.py deploy --extensions modoboa_virtualhosts`` calls :func:`apply` at the end of
the settings it writes. An instance that does not call it works with the same defaults.
"""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, Any] = {
    # The port under which browsers reach every hostname. It is part of the redirect URIs.
    "MODOBOA_VIRTUALHOSTS_PORT": 443,
    # The largest logo accepted, in bytes and in pixels of either side
    "MODOBOA_VIRTUALHOSTS_LOGO_MAX_BYTES": 1024 * 1024,
    "MODOBOA_VIRTUALHOSTS_LOGO_MAX_PIXELS": 4096,
    # Requests of one account to the endpoints of virtual hosts, and to those about many at once
    "MODOBOA_VIRTUALHOSTS_THROTTLE": "100/second",
    "MODOBOA_VIRTUALHOSTS_BULK_THROTTLE": "60/minute",
    # The licence: see license.py. The key has the name that the published contract gives it.
    "MODOBOA_PRO_LICENSE_KEY": "",
    "MODOBOA_VIRTUALHOSTS_LICENSE_URL": "",
    "MODOBOA_VIRTUALHOSTS_LICENSE_REQUIRED": None,
}


def apply(settings: dict[str, Any]) -> None:
    """Add what is missing to an instance's settings.

    :param settings: the namespace of the instance's settings module; what it has stays
    """
    for name, value in DEFAULTS.items():
        settings.setdefault(name, value)


def get(name: str) -> Any:
    """Return a setting's value, the default when the instance does not have it.

    :param name: one of the names in :data:`DEFAULTS`
    """
    # Imported here because deploy imports this module before there are settings to configure
    from django.conf import settings

    return getattr(settings, name, DEFAULTS[name])
