# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example inventory, and the mail domains and people that the demo puts into Modoboa for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from bed.bed import Bed
from bed.modoboa import Account

ROOT = Path(__file__).parents[2]
INVENTORY = ROOT / "docs" / "example" / "inventory.yml"
PLAYBOOKS = ROOT / "playbooks"
PASSWORD = "Demo-2026-Portal"
# RFC 6761: resolves nowhere
UNRESOLVABLE = ".invalid"


@dataclass(frozen=True)
class Tenant:
    """A tenant of the example inventory, as far as an outsider needs to know it."""

    hostname: str
    names: tuple[str, ...]
    domains: tuple[str, ...]
    primary_color: str
    logo: Path | None

    @property
    def administrator(self) -> Account:
        """Who administers its first mail domain."""
        return Account(f"admin@{self.domains[0]}", PASSWORD)


def tenants() -> list[Tenant]:
    """The tenants, in the inventory's order."""
    inventory = yaml.safe_load(INVENTORY.read_text())
    return [_tenant(entry) for entry in inventory["modoboa"]["vars"]["virtualhosts_tenants"]]


def seed(bed: Bed) -> None:
    """Give Modoboa the mail domains with their administrators, and DNS the names that resolve."""
    for tenant in tenants():
        for domain in tenant.domains:
            bed.modoboa.create_domain(domain, admin_password=PASSWORD)
        for name in (tenant.hostname, *tenant.names):
            if not name.endswith(UNRESOLVABLE):
                bed.dns.add(name)


def variables(bed: Bed) -> dict[str, Any]:
    """What makes the example inventory's host this machine and its Modoboa the bed's."""
    return {"ansible_connection": "local", **bed.variables()}


def _tenant(entry: dict[str, Any]) -> Tenant:
    theme = entry.get("theme", {})
    logo = theme.get("logos", {}).get("login")
    return Tenant(
        hostname=entry["hostname"],
        names=tuple(entry.get("names", ())),
        domains=tuple(entry["domains"]),
        primary_color=theme.get("colors", {}).get("primary", ""),
        logo=INVENTORY.parent / logo if logo else None,
    )
