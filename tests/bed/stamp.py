# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stamp files: what was installed, so that the next setup has nothing to do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(parts: Iterable[str | bytes | Path]) -> str:
    """SHA-256 over texts and over the content of files, each kept apart from the next."""
    total = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        if isinstance(content, Path):
            content = content.read_bytes()
        total.update(len(content).to_bytes(8, "big"))
        total.update(content)
    return total.hexdigest()


class Stamp:
    """Remembers under a name that something was made from inputs with a certain digest."""

    def __init__(self, folder: Path, name: str, parts: Iterable[str | bytes | Path]) -> None:
        self._file = folder / name
        self._digest = digest(parts)

    def fresh(self) -> bool:
        """Whether it was made from the same inputs."""
        try:
            return self._file.read_text() == self._digest
        except FileNotFoundError:
            return False

    def write(self) -> None:
        """Say that it has been made now."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(self._digest)
