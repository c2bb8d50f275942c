# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dehydrated, from Debian: a shell script around openssl and curl."""

from __future__ import annotations

from pathlib import Path

from bed.packages import Service
from bed.setup import unpack_on_demand
from bench.acme_clients.client import Client
from bench.measuring.usage import Usage

SERVICE = Service(packages=("dehydrated",), programs={"dehydrated": "usr/bin/dehydrated"})


class Dehydrated(Client):
    """One process, which works through domains.txt."""

    title = "dehydrated, one process"
    slow = True

    def install(self) -> None:
        """Unpack Debian's package."""
        unpack_on_demand(self.bed.layout.prefix, "dehydrated", SERVICE)

    def prepare(self) -> None:
        """Write the configuration and create the account."""
        challenges = self.bed.nginx.webroot / ".well-known" / "acme-challenge"
        challenges.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir()
        self._configuration.write_text(
            f"CA={self.bed.acme.directory_url}\n"
            f"BASEDIR={self.folder}\n"
            f"WELLKNOWN={challenges}\n"
            f"CURL_OPTS='--cacert {self.bed.acme.ca_path}'\n"
            "KEY_ALGO=prime256v1\n"
        )
        self.run("dehydrated", "--config", self._configuration, "--register", "--accept-terms")

    def issue(self, names: list[str]) -> Usage:
        """Get them in one go."""
        (self.folder / "domains.txt").write_text("".join(f"{name}\n" for name in names))
        return self.run("dehydrated", "--config", self._configuration, "--cron")

    def certificate(self, name: str) -> Path:
        """Return where dehydrated puts the chain."""
        return self.folder / "certs" / name / "fullchain.pem"

    @property
    def environment(self) -> dict[str, str]:
        """It finds curl and openssl, which are unpacked with it where they are not installed."""
        environment = super().environment
        unpacked = SERVICE.root(self.bed.layout.prefix) / "usr/bin"
        return {**environment, "PATH": f"{environment['PATH']}:{unpacked}"}

    @property
    def _configuration(self) -> Path:
        return self.folder / "config"
