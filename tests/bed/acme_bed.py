# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bed for ACME alone: a CA of one's choice, its DNS and an nginx, within a second."""

from __future__ import annotations

from typing import Any

from bed import authority
from bed.acme_server import AcmeServer, CaOptions
from bed.ansible import Ansible
from bed.challenge_nginx import ChallengeNginx
from bed.dns import Dns
from bed.errors import BedError
from bed.instance import Instance
from bed.layout import Layout, Ports
from bed.pebble import Pebble
from bed.prefix import find


class AcmeBed(Instance):
    """A running CA with what acme_cert needs around it, on loopback.

    Use it as a context manager, or call ``start`` and ``stop``; with ``keep`` it goes on when this
    process ends. ``server`` is one of ``bed.acme_servers.SERVERS``. Names resolve
    once they were added to ``dns``. The CA finds them at ``http_port``, where ``nginx`` serves
    ``storage/webroot``.
    """

    def __init__(
        self,
        instance: str = "acme",
        *,
        server: type[AcmeServer] = Pebble,
        options: CaOptions | None = None,
        keep: bool = False,
    ) -> None:
        super().__init__(Layout(find(), instance, "sqlite", Ports.choose()), keep=keep)
        layout = self.layout
        self.dns = Dns(layout)
        self.acme = server(layout, self.dns.address, options or CaOptions())
        self.nginx = ChallengeNginx(layout, self.acme.proxy_port)
        self.ansible = Ansible(layout)

    @property
    def http_port(self) -> int:
        """Where the CA looks at HTTP-01 challenges, whatever the name resolves to."""
        return self.nginx.http_port

    @property
    def pebble(self) -> Pebble:
        """The CA, for what only Pebble lets a test do.

        :raises BedError: it is another one.
        """
        if not isinstance(self.acme, Pebble):
            raise BedError(f"This is no Pebble: {self.acme.name}")
        return self.acme

    def stop_acme(self) -> None:
        """Stop the CA alone: nothing listens at its address any more."""
        self._stop_program(self.acme.name)

    def start_acme(self) -> None:
        """Start the CA again at the same address.

        Unless it has the feature MEMORY, it has forgotten accounts and orders and has new keys.
        """
        self._launch(self.acme.program())
        self._await(self.acme.name, self.acme.ready)
        self._save(complete=True)

    def module_options(self) -> dict[str, Any]:
        """The options that acme_cert has to be given for this CA and this storage."""
        return {
            "acme_directory": self.acme.directory_url,
            "ca_path": str(self.acme.ca_path) if self.acme.ca_path else None,
            "terms_agreed": True,
            "look_port": self.http_port,
            "look_resolver": self.dns.address,
            "storage": str(self.storage),
        }

    def _start(self) -> None:
        self.acme.install()
        authority.make_tls_files(self.layout.tls)
        self.storage.mkdir()
        self._launch(self.dns.program())
        self._launch(self.acme.program())
        self._launch(self.nginx.program())
        self._await("dns", self.dns.ready)
        self._await("nginx", self.nginx.ready)
        self._await(self.acme.name, self.acme.ready)
        self._save(complete=True)
