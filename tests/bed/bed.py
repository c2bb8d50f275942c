# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed as a whole: all parts started, found again, stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bed import authority, packages, state, template
from bed.ansible import Ansible
from bed.dns import Dns
from bed.errors import BedError
from bed.instance import Instance
from bed.layout import Database, Layout, Ports
from bed.modoboa import Modoboa
from bed.nginx import Nginx
from bed.pebble import Pebble
from bed.portal import LoginResult
from bed.ports import LOOPBACK
from bed.postgresql import Postgresql
from bed.prefix import find
from bed.redis import Redis


class Bed(Instance):
    """A running Modoboa with everything around it, on loopback.

    Use it as a context manager, or call ``start`` and ``stop``. With ``keep`` it goes on when this
    process ends, and another process stops it: ``Bed.attach(instance).stop()``.
    """

    def __init__(
        self, instance: str = "test", *, database: Database = "sqlite", keep: bool = False
    ) -> None:
        super().__init__(Layout(find(), instance, database, Ports.choose()), keep=keep)
        self._make_parts()

    def _make_parts(self, token: str = "") -> None:
        layout = self.layout
        self.redis = Redis(layout)
        self.dns = Dns(layout)
        self.acme = Pebble(layout, self.dns.address)
        self.modoboa = Modoboa(layout, token)
        self.nginx = Nginx(layout)
        self.ansible = Ansible(layout)
        self._postgresql = Postgresql(layout, layout.directory)

    @classmethod
    def attach(cls, instance: str) -> Bed:
        """The bed of that name that another process left running.

        Raises BedError if there is none.
        """
        prefix = find()
        found = state.load(prefix.run / instance)
        if found is None:
            raise BedError(f"There is no bed {instance!r}. `python -m bed start` makes one.")
        bed = cls.__new__(cls)
        Instance.__init__(bed, found.layout(prefix, instance), keep=True)
        bed._make_parts(found.token)
        bed._state = found
        return bed

    def issuer_file(self) -> Path:
        """The root of what the ACME CA issues, as a file: what a browser would be told to trust."""
        file = self.layout.tls / "issuer.pem"
        file.write_text(self.acme.issuer_roots())
        return file

    def login(self, hostname: str, username: str, password: str) -> LoginResult:
        """Log in at a tenant's portal, whose certificate is from the ACME CA."""
        return self.modoboa.login(hostname, username, password, self.issuer_file())

    def variables(self) -> dict[str, Any]:
        """The variables of the role ``virtualhosts`` for this bed."""
        nginx, modoboa = self.nginx, self.modoboa
        values: dict[str, Any] = {
            "acme_directory": self.acme.directory_url,
            "acme_ca_path": str(self.acme.ca_path),
            "acme_contact": ["hostmaster@example.com"],
            "acme_terms_agreed": True,
            # The CA asks there, and finds names so
            "look_port": nginx.http_port,
            "look_resolver": self.dns.address,
            "storage": str(self.storage),
            "modoboa_url": modoboa.url,
            "modoboa_token": modoboa.token,
            "modoboa_ca_path": str(modoboa.ca_path),
            "nginx_binary": str(nginx.binary),
            "nginx_prefix": str(nginx.prefix),
            "nginx_config": str(nginx.conf),
            "nginx_pid": str(nginx.pid),
            "nginx_reload": "signal",
            "nginx_http_port": nginx.http_port,
            "nginx_https_port": nginx.https_port,
            "nginx_listen_addresses": [LOOPBACK],
            "nginx_sites_available": str(nginx.sites_available),
            "nginx_sites_enabled": str(nginx.sites_enabled),
            "application": f"unix:{self.layout.application_socket}",
            "application_protocol": "http",
            "frontend_root": str(modoboa.directory / "frontend"),
            "static_root": str(modoboa.directory / "sitestatic"),
            "media_root": str(modoboa.directory / "media"),
        }
        return {f"virtualhosts_{name}": value for name, value in values.items()}

    def _start(self) -> None:
        if self.layout.database == "postgresql":
            packages.unpack_services(self.layout.prefix, "postgresql", packages.POSTGRESQL)
        authority.make_tls_files(self.layout.tls)
        self.layout.storage.mkdir()
        self._launch(self.redis.program())
        self._launch(self.dns.program())
        self._launch(self.acme.program())
        self._await("redis", self.redis.ready)
        template.copy(self.layout)
        if self.layout.database == "postgresql":
            self._postgresql.adopt()
            self._launch(self._postgresql.program())
            self._await("postgresql", self._postgresql.ready)
        self._launch(self.modoboa.program())
        self._launch(self.nginx.program())
        # While gunicorn's workers load, which takes as long
        self.modoboa.prepare()
        self._await("nginx", self.nginx.ready)
        self._await("dns", self.dns.ready)
        self._await("pebble", self.acme.ready)
        self._await("modoboa", self.modoboa.ready)
        self._save(complete=True, token=self.modoboa.token)
