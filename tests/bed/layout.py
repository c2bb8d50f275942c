# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance of the bed: its name, folders and ports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bed.ports import LOOPBACK, free_ports
from bed.prefix import Prefix

Database = Literal["sqlite", "postgresql"]


@dataclass(frozen=True)
class Ports:
    """The ports of an instance, all on loopback."""

    http: int
    https: int
    redis: int
    acme: int
    acme_management: int
    dns: int
    dns_management: int

    @classmethod
    def choose(cls) -> Ports:
        """Take free ones."""
        return cls(*free_ports(7))


@dataclass(frozen=True)
class Layout:
    """What every part of an instance is told."""

    prefix: Prefix
    instance: str
    database: Database
    ports: Ports

    @property
    def directory(self) -> Path:
        """Everything of this instance."""
        return self.prefix.run / self.instance

    @property
    def logs(self) -> Path:
        """What its programs write."""
        return self.directory / "logs"

    @property
    def tls(self) -> Path:
        """Certificates of the bed's own CA: for the ACME API and the primary host."""
        return self.directory / "tls"

    @property
    def storage(self) -> Path:
        """Where acme_cert keeps certificates and challenges."""
        return self.directory / "storage"

    @property
    def modoboa(self) -> Path:
        """The Modoboa instance: settings, database, static files, frontend."""
        return self.directory / "modoboa"

    @property
    def application_socket(self) -> Path:
        """Where gunicorn listens."""
        return self.directory / "gunicorn.sock"

    @property
    def redis_url(self) -> str:
        """Modoboa's cache and queue."""
        return f"redis://{LOOPBACK}:{self.ports.redis}/0"
