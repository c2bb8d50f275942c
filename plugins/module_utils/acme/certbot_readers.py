# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else reads the files of certbot's lineages, as far as configurations say."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from .certbot import Lineage

# Tables of users, and whatever else is no configuration
_TOO_LARGE = 1_000_000


class Readers:
    """Configurations of programs, looked through once."""

    def __init__(self, paths: Iterable[Path], in_use: Collection[str]) -> None:
        """Read them. What cannot be read is left out.

        :param paths: files and folders, which need not exist
        :param in_use: chains that somebody is known to read
        """
        self._texts = {str(file): text for path in paths for file, text in _texts(path)}
        self._in_use = in_use

    def of(self, lineage: Lineage) -> list[str]:
        """Return the files that mention a lineage's folder, and the chains of it that are in use, sorted."""
        mention = re.compile(rf"/live/{re.escape(lineage.name)}(?![\w.-])")
        files = {file for file, text in self._texts.items() if mention.search(text)}
        return sorted(files | {chain for chain in self._in_use if mention.search(chain)})


def _texts(path: Path) -> Iterator[tuple[Path, str]]:
    """The files of a path without their comments."""
    for file in [path, *sorted(path.rglob("*"))]:
        with suppress(OSError):
            if file.is_file() and file.stat().st_size < _TOO_LARGE:
                text = file.read_text("utf-8", "replace")
                lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
                yield file, "\n".join(lines)
