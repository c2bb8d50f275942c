# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference licensing service in a process of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bed.prefix import CHECKOUT

SERVER = CHECKOUT / "server"


class LicensingService:
    """Sells keys, and registers those that it has sold."""

    def __init__(self, python: Path, file: Path) -> None:
        self._command = [str(python), "-m", "licensing", str(file)]
        self._process = subprocess.Popen(
            [*self._command, "serve", "--port", "0"],
            cwd=SERVER,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout
        self.url = self._process.stdout.readline().strip()

    def sell(self) -> str:
        """Sell a licence; returns its key."""
        command = [*self._command, "sell", "Example Hosting"]
        done = subprocess.run(command, cwd=SERVER, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
