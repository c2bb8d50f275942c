# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lego, from Debian."""

from __future__ import annotations

from pathlib import Path

from bed.packages import Service
from bed.setup import unpack_on_demand
from bench.acme_clients.client import Client
from bench.measuring.usage import Usage

SERVICE = Service(packages=("lego",), programs={"lego": "usr/bin/lego"})


class Lego(Client):
    """One lego after the other. The first one creates the account."""

    title = "lego, looped"
    slow = True

    def install(self) -> None:
        """Unpack Debian's package."""
        unpack_on_demand(self.bed.layout.prefix, "lego", SERVICE)

    def prepare(self) -> None:
        """Create its folder; it cannot create an account without a certificate."""
        self.folder.mkdir()

    def issue(self, names: list[str]) -> Usage:
        """Get one certificate after the other."""
        total = Usage()
        for name in names:
            total += self.run(
                *("lego", "--server", self.bed.acme.directory_url, "--accept-tos"),
                *("--email", "bench@example.com", "--path", self.folder, "--key-type", "ec256"),
                *("--http", "--http.webroot", self.bed.nginx.webroot, "--domains", name, "run"),
            )
        return total

    def certificate(self, name: str) -> Path:
        """Return where lego puts the chain."""
        return self.folder / "certificates" / f"{name}.crt"

    @property
    def environment(self) -> dict[str, str]:
        """It trusts the bed's CA."""
        return {**super().environment, "LEGO_CA_CERTIFICATES": str(self.bed.acme.ca_path)}
