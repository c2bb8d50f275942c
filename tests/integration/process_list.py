# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What everybody on a machine can read of its processes, looked at all the time for a while."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 10
# Modules run for half a second at least
PAUSE = 0.05


class ProcessList:
    """Looks for words in the command lines and environments of all processes, in a thread.

    Only their user can read environments. They are looked at because a word that was given in no
    environment has no business there.
    """

    def __init__(self, words: Collection[str], *, environments: bool = True) -> None:
        """``environments``: whether to look into them, too."""
        self._words = [word.encode() for word in words]
        self._environments = environments
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.found: set[str] = set()
        self.commands: set[str] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(PATIENCE)

    def _watch(self) -> None:
        while not self._over.wait(PAUSE):
            for process in Path("/proc").glob("[0-9]*"):
                self._look(process)

    def _look(self, process: Path) -> None:
        try:
            command = (process / "cmdline").read_bytes()
            environment = (process / "environ").read_bytes() if self._environments else b""
        except OSError:
            return  # it has ended, or is somebody else's
        shown = command.replace(b"\0", b" ").decode(errors="replace")
        self.commands.add(shown)
        if any(word in command or word in environment for word in self._words):
            self.found.add(shown)
