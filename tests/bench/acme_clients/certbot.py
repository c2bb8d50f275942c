# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""certbot, from the package index."""

from __future__ import annotations

from pathlib import Path

from bed import certbot
from bench.acme_clients.client import Client
from bench.measuring.usage import Usage


class Certbot(Client):
    """One certbot after the other."""

    title = "certbot, looped"
    slow = True

    def install(self) -> None:
        """Install it into an environment of its own."""
        certbot.install(self.bed.layout.prefix)

    def prepare(self) -> None:
        """Create the account."""
        self.folder.mkdir()
        self.run(*self._command("register"), "--agree-tos", "--register-unsafely-without-email")

    def issue(self, names: list[str]) -> Usage:
        """Get one certificate after the other."""
        return self.run_for_each(
            names,
            *self._command("certonly"),
            *("--webroot", "--webroot-path", self.bed.nginx.webroot),
            *("--key-type", "ecdsa", "--elliptic-curve", "secp256r1", "--domain"),
        )

    def certificate(self, name: str) -> Path:
        """Return where certbot puts the chain."""
        return self.folder / "config" / "live" / name / "fullchain.pem"

    @property
    def environment(self) -> dict[str, str]:
        """It trusts the bed's CA."""
        return {**super().environment, "REQUESTS_CA_BUNDLE": str(self.bed.acme.ca_path)}

    def _command(self, action: str) -> list[str | Path]:
        return [
            *(self.bed.layout.prefix.python("certbot").parent / "certbot", action),
            *("--non-interactive", "--quiet", "--server", self.bed.acme.directory_url),
            *("--config-dir", self.folder / "config", "--work-dir", self.folder / "work"),
            *("--logs-dir", self.folder / "logs"),
        ]
