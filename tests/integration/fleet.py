# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Front ends behind one name, each with an nginx of its own, beside the bed's host that issues."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import certificate
from bed.ansible import Run
from bed.ports import LOOPBACK, free_ports
from bed.prefix import find
from integration.front_end import FrontEnd
from integration.portal_site import PLAYBOOKS, Site

# On the ports of the bed's nginx, which listens on the address before
ADDRESSES = {"edge1": "127.0.0.2", "edge2": "127.0.0.3"}


class Fleet:
    """The site's host that issues, and the front ends."""

    def __init__(self, site: Site, front_ends: Mapping[str, FrontEnd]) -> None:
        self.site = site
        self.front_ends = front_ends
        self.issuing: dict[str, Any] = {"ansible_connection": "local"}
        self.hosts: dict[str, dict[str, Any]] = {name: self._host(name) for name in front_ends}

    def _host(self, name: str) -> dict[str, Any]:
        front_end = self.front_ends[name]
        return {
            "ansible_connection": "local",
            "virtualhosts_storage": str(front_end.storage),
            "virtualhosts_nginx_binary": str(front_end.binary),
            "virtualhosts_nginx_prefix": str(front_end.directory),
            "virtualhosts_nginx_config": str(front_end.config),
            "virtualhosts_nginx_pid": str(front_end.directory / "nginx.pid"),
            "virtualhosts_nginx_listen_addresses": [ADDRESSES[name]],
            "virtualhosts_nginx_sites_available": str(front_end.available),
            "virtualhosts_nginx_sites_enabled": str(front_end.enabled),
        }

    @property
    def peers(self) -> list[str]:
        """All hosts, at the port for challenges."""
        port = self.site.bed.nginx.http_port
        return [f"{address}:{port}" for address in (LOOPBACK, *ADDRESSES.values())]

    def add_unreachable(self, name: str) -> None:
        """Put a front end into the inventory that nothing answers for."""
        first = next(iter(self.hosts.values()))
        (port,) = free_ports(1)
        away = {"ansible_connection": "ssh", "ansible_host": LOOPBACK, "ansible_port": port}
        self.hosts[name] = {**first, **away}

    def lose_issuing_host(self) -> None:
        """Have nothing answer for the host that issues."""
        (port,) = free_ports(1)
        self.issuing = {
            "ansible_connection": "ssh",
            "ansible_host": LOOPBACK,
            "ansible_port": port,
        }

    def run(
        self,
        playbook: str,
        *,
        check: bool = False,
        arguments: Sequence[str] = (),
        **variables: Any,
    ) -> Run:
        """Run a playbook on all hosts."""
        site = self.site
        everybody = {
            "virtualhosts_nginx_challenge_peers": self.peers,
            "virtualhosts_tenants": site.tenants,
            "virtualhosts_logo_directory": str(site.directory),
        }
        # What the front ends have of their own must not be overridden, so this is no --extra-vars
        inventory = {
            "all": {
                "vars": {**site.bed.variables(), **everybody, **variables.pop("all_hosts", {})},
                "children": {
                    "modoboa": {"hosts": {"front": self.issuing}},
                    "front_ends": {"hosts": self.hosts},
                },
            }
        }
        return site.bed.ansible.run_playbook(
            PLAYBOOKS / f"{playbook}.yml",
            inventory=inventory,
            extra_vars=variables,
            check=check,
            diff=True,
            arguments=arguments,
        )

    def serials(self, hostname: str) -> dict[str, str]:
        """The certificate that each host serves for a name."""
        port = self.site.bed.nginx.https_port
        addresses = {"front": LOOPBACK, **{name: ADDRESSES[name] for name in self.front_ends}}
        return {
            name: certificate.served(address, port, hostname, timeout=5).serial
            for name, address in addresses.items()
        }

    def keys(self) -> set[str]:
        """A line of every private key on any of the hosts, by which it is recognized."""
        return {file.read_text().splitlines()[1] for file in self._key_files()}

    def modes(self) -> set[int]:
        """Who may read the private keys."""
        return {file.stat().st_mode & 0o777 for file in self._key_files()}

    def has(self, hostname: str) -> set[str]:
        """The hosts that have a certificate for a name."""
        storages = {"front": self.site.bed.storage}
        storages |= {name: each.storage for name, each in self.front_ends.items()}
        return {
            name
            for name, storage in storages.items()
            if (storage / "certs" / hostname / "fullchain.pem").exists()
        }

    def _key_files(self) -> list[Path]:
        storages = [self.site.bed.storage, *(each.storage for each in self.front_ends.values())]
        # Without the versions that were before
        return [
            file
            for storage in storages
            for tenant in self.site.tenants
            if (file := storage / "certs" / tenant["hostname"] / "privkey.pem").exists()
        ]


@contextmanager
def fleet_of(site: Site) -> Iterator[Fleet]:
    """Front ends that serve nothing yet."""
    with ExitStack() as stack:
        front_ends = {}
        for name in ADDRESSES:
            # Not below pytest's folder: a socket's path must be short
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-"))
            front_end = front_ends[name] = FrontEnd(Path(folder), find().bin / "nginx")
            front_end.start()
            stack.callback(front_end.stop)
        yield Fleet(site, front_ends)


def requests_of(run: Run) -> dict[str, list[str]]:
    """Task → the hosts on which it changed something."""
    found: dict[str, list[str]] = {}
    for result in run.results:
        if result.result.get("changed"):
            found.setdefault(result.task, []).append(result.host)
    return {task: sorted(hosts) for task, hosts in found.items()}
