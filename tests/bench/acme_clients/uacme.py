# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""uacme, from Debian: a client in C."""

from __future__ import annotations

import os
from pathlib import Path

from bed.packages import Service
from bed.setup import unpack_on_demand
from bench.acme_clients.client import Client
from bench.measuring.usage import Usage

SERVICE = Service(packages=("uacme",), programs={"uacme": "usr/bin/uacme"})
# The only place where its libcurl looks for CAs. It sees the bed's one there, and nobody else does.
TRUSTED = "/etc/ssl/certs/ca-certificates.crt"
WITH_BED_CA = f'mount --bind "$1" {TRUSTED} && shift && exec "$@"'


class Uacme(Client):
    """One uacme after the other, with the hook for a webroot that comes with it."""

    title = "uacme, looped"

    def install(self) -> None:
        """Unpack Debian's package."""
        unpack_on_demand(self.bed.layout.prefix, "uacme", SERVICE)

    def prepare(self) -> None:
        """Create the account."""
        self._challenges.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir()
        self.run(*self._command("--yes"), "new")

    def issue(self, names: list[str]) -> Usage:
        """Get one certificate after the other."""
        hook = SERVICE.root(self.bed.layout.prefix) / "usr/share/uacme/uacme.sh"
        return self.run_for_each(names, *self._command("--hook", hook), "issue")

    def certificate(self, name: str) -> Path:
        """Return where uacme puts the chain."""
        return self.folder / name / "cert.pem"

    @property
    def environment(self) -> dict[str, str]:
        """Its hook is told where to put challenges."""
        return {**super().environment, "UACME_CHALLENGE_PATH": str(self._challenges)}

    @property
    def _challenges(self) -> Path:
        return self.bed.nginx.webroot / ".well-known" / "acme-challenge"

    def _command(self, *options: str | Path) -> list[str | Path]:
        return [
            *("unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])),
            *("sh", "-c", WITH_BED_CA, "sh", self.bed.acme.ca_path or TRUSTED),
            *("uacme", "--acme-url", self.bed.acme.directory_url, "--confdir", self.folder),
            *("--type", "EC", "--bits", "256", "--no-ocsp", *options),
        ]
