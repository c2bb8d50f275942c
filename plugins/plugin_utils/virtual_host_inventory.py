# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual hosts as hosts of an inventory: their variables and their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_info import (
        VirtualHostInfo,
    )

GROUP = "modoboa_vhosts"
"""The group of all virtual hosts."""

SUBGROUPS = tuple(
    f"{GROUP}_{kind}" for kind in ("pending", "ready", "failed", "enabled", "disabled")
)
"""Groups in it that are there even if nobody is in them, so that a play may always name them."""

_PREFIX = "modoboa_vhost_"


def variables(info: VirtualHostInfo, instance: str, now: datetime) -> dict[str, Any]:
    """The variables of a virtual host.

    :param instance: address of the Modoboa server that it is a virtual host of
    :param now: what days are counted from
    """
    facts = {**info.facts(now), "instance": instance.rstrip("/")}
    return {f"{_PREFIX}{name}": value for name, value in facts.items()}


def subgroups(info: VirtualHostInfo) -> list[str]:
    """The groups, besides that of all, that a virtual host is in."""
    use = "enabled" if info.host.enabled else "disabled"
    return [f"{GROUP}_{info.host.status}", f"{GROUP}_{use}"]
