# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator with an inventory of tenants, and what the playbooks have done for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import CATCH_ALL
from bed import portal
from bed.ansible import Run
from bed.bed import Bed

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
PASSWORD = "Chain-2026-Portal"
TIMEOUT = 20
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'

Tenant = dict[str, Any]


class Site:
    """An operator with an inventory: tenants are added to it, playbooks are run on it."""

    def __init__(self, bed: Bed, directory: Path) -> None:
        self.bed = bed
        self.directory = directory
        self.tenants: list[Tenant] = []
        (directory / "logo.svg").write_text(LOGO)

    def add(self, label: str, *, resolves: bool = True, **more: Any) -> Tenant:
        """A tenant with a mail domain in Modoboa and, unless it is there to fail, a DNS record."""
        tenant = {"hostname": f"mail.{label}.test", "domains": [f"{label}.test"], **more}
        self.bed.modoboa.create_domain(f"{label}.test", admin_password=PASSWORD)
        if resolves:
            for name in (tenant["hostname"], *tenant.get("names", [])):
                self.bed.dns.add(name)
        self.tenants.append(tenant)
        return tenant

    def run(self, playbook: str, *, check: bool = False, **variables: Any) -> Run:
        """Run a playbook with these tenants."""
        inventory = {"modoboa": {"hosts": {"front": {"ansible_connection": "local"}}}}
        return self.bed.ansible.run_playbook(
            PLAYBOOKS / f"{playbook}.yml",
            inventory=inventory,
            extra_vars={
                **self.bed.variables(),
                "virtualhosts_tenants": self.tenants,
                "virtualhosts_logo_directory": str(self.directory),
                **variables,
            },
            check=check,
            diff=True,
        )

    def record(self, hostname: str) -> dict[str, Any]:
        """What Modoboa knows about a virtual host; nothing if it knows none of that name."""
        answer = self.bed.modoboa.request("GET", "virtualhosts/", params={"page_size": 1000})
        return next((h for h in answer.json()["results"] if h["name"] == hostname), {})

    def files(self) -> set[Path]:
        """Everything that provisioning may write on the host for a tenant."""
        nginx = self.bed.nginx
        roots = (self.bed.storage, nginx.sites_available, nginx.sites_enabled)
        found = {path for root in roots for path in root.rglob("*")}
        return {path for path in found if path.stem not in (CATCH_ALL, "told")}

    def block(self, name: str) -> Path:
        """The link by which nginx reads a server block."""
        return self.bed.nginx.sites_enabled / f"{name}.conf"

    def get(self, hostname: str, path: str) -> requests.Response:
        """What a portal answers, over HTTPS."""
        found = portal.Portal(hostname, self.bed.nginx.https_port, self.bed.issuer_file())
        return portal.session(found).get(found.url + path, timeout=TIMEOUT)

    def close(self) -> None:
        """Take the tenants off again."""
        hostnames = [tenant["hostname"] for tenant in self.tenants]
        if hostnames:
            assert self.run("retire", tenant=hostnames).rc == 0
        for tenant in self.tenants:
            for domain in tenant["domains"]:
                self.bed.modoboa.delete_domain(domain)
            for name in (tenant["hostname"], *tenant.get("names", [])):
                self.bed.dns.remove(name)


def changes(run: Run) -> dict[str, bool]:
    """Task → whether it changed something."""
    return {r.task: bool(r.result.get("changed")) for r in run.results if r.status != "skipped"}


def failure_message(run: Run) -> str:
    """What the play says at its end."""
    (last,) = run.task("Name the tenants that failed")
    return " ".join(last.result["msg"])
