# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pebble's DNS server: the CA sees only names that were added here."""

from __future__ import annotations

from collections.abc import Sequence

from bed import http, wait
from bed.layout import Layout
from bed.ports import LOOPBACK
from bed.process import Program

TIMEOUT = 10


class Dns:
    """pebble-challtestsrv without default addresses: a name that was not added does not resolve."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        # What a hook for DNS-01 is told
        self.management_url: str = f"http://{LOOPBACK}:{layout.ports.dns_management}"

    @property
    def address(self) -> str:
        """Where it answers DNS queries, for Pebble."""
        return f"{LOOPBACK}:{self._layout.ports.dns}"

    def program(self) -> Program:
        """How to start it."""
        layout = self._layout
        return Program(
            name="dns",
            command=[
                *(layout.prefix.bin / "pebble-challtestsrv", "-dns01", self.address),
                *("-management", f"{LOOPBACK}:{layout.ports.dns_management}"),
                *("-defaultIPv4", "", "-defaultIPv6", ""),
                *("-http01", "", "-https01", "", "-tlsalpn01", ""),
            ],
            directory=layout.directory,
            log=layout.logs / "dns.log",
            environment={"PATH": "/usr/bin:/bin"},
        )

    def ready(self) -> bool:
        """Whether names can be added."""
        return wait.listens((LOOPBACK, self._layout.ports.dns_management))

    def add(self, *names: str, address: str = LOOPBACK) -> None:
        """Let names resolve to an address, the bed's nginx."""
        for name in names:
            self._post("add-a", {"host": name, "addresses": [address]})

    def share(self, name: str, addresses: Sequence[str]) -> None:
        """Let a name resolve to several addresses, of servers that do the same."""
        self._post("add-a", {"host": name, "addresses": list(addresses)})

    def remove(self, *names: str) -> None:
        """Let names resolve no longer."""
        for name in names:
            self._post("clear-a", {"host": name})

    def set_txt(self, name: str, value: str) -> None:
        """Let a name such as ``_acme-challenge.example.com`` have one more text."""
        self._post("set-txt", {"host": f"{name}.", "value": value})

    def clear_txt(self, name: str) -> None:
        """Let a name have no text any more."""
        self._post("clear-txt", {"host": f"{name}."})

    def fail(self, *names: str) -> None:
        """Answer questions for names with SERVFAIL, as a broken name server does."""
        for name in names:
            self._post("set-servfail", {"host": name})

    def heal(self, *names: str) -> None:
        """Answer questions for names again."""
        for name in names:
            self._post("clear-servfail", {"host": name})

    def _post(self, action: str, body: dict[str, object]) -> None:
        with http.session() as session:
            url = f"{self.management_url}/{action}"
            session.post(url, json=body, timeout=TIMEOUT).raise_for_status()
