# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""How many requests a super administrator, or their provisioner, may make here.

Modoboa's own limit, five writes a second and address, would make a thousand tenants wait for
minutes. These endpoints have limits of their own, which count nothing else.
"""

from __future__ import annotations

from rest_framework.throttling import UserRateThrottle

from .. import settings


class ProvisionerThrottle(UserRateThrottle):
    """All requests of one account to these endpoints, as the instance's settings limit them."""

    scope = "virtualhosts"
    setting = "MODOBOA_VIRTUALHOSTS_THROTTLE"

    def get_rate(self) -> str | None:
        """Return the rate, such as ``100/second``; None for no limit."""
        rate: str | None = settings.get(self.setting)
        return rate


class BulkThrottle(ProvisionerThrottle):
    """Requests that are about many virtual hosts at once."""

    scope = "virtualhosts_bulk"
    setting = "MODOBOA_VIRTUALHOSTS_BULK_THROTTLE"
