# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The reference licensing service, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SERVER = Path(__file__).parent.parent


class LicensingService:
    """Licences in a file, and the endpoint that registers them."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.url = ""

    def manage(self, *arguments: str) -> str:
        """Run one of its commands; returns what it printed."""
        done = subprocess.run(
            self._command(*arguments), cwd=_SERVER, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def sell(self, licensee: str = "Example Hosting", installations: int = 1) -> str:
        """Sell a licence; returns its key."""
        return self.manage("sell", licensee, "--installations", str(installations))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve for a while, at ``url``."""
        with subprocess.Popen(
            self._command("serve", "--port", "0"),
            cwd=_SERVER,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout
            self.url = process.stdout.readline().strip()
            try:
                yield
            finally:
                process.terminate()

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "licensing", str(self.file), *arguments]
