# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in a process of its own, which kills itself (SIGKILL) at a given event.

Events are every change of a file below a folder and every program, just before; every connection;
every signal to another process, just before and just after; and every wait for what comes of it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

# Audit events of changes, with the position of the path in their arguments
_CHANGES = {
    "os.rename": 1,
    "os.remove": 0,
    "os.mkdir": 0,
    "os.rmdir": 0,
    "os.link": 1,
    "os.symlink": 1,
    "os.chmod": 0,
    "os.chown": 0,
    "os.truncate": 0,
}
_OTHERS = ("subprocess.Popen", "socket.connect", "os.kill")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Child:
    """A child of this process, with what this one has imported, that dies at some event."""

    def __init__(self, number: int, folder: Path, work: Callable[[], object]) -> None:
        """Start it.

        :param number: of the event, counted from 0
        :param folder: below which changes count
        :param work: what it does
        """
        self._journal = folder / f"{number}.events"
        self._pid = os.fork()
        if self._pid == 0:
            # never back into the test
            try:
                _Events(number, folder, self._journal).count()
                work()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)

    def wait(self) -> str | None:
        """Wait for its death, or for the end of its work.

        :returns: the event that it died at; None if it came to its end
        """
        _pid, status = os.waitpid(self._pid, 0)
        ended = status == 0
        assert ended or os.WTERMSIG(status) == signal.SIGKILL, f"the run failed: {status}"
        events = self._journal.read_text().splitlines()
        self._journal.unlink()
        return None if ended else events[-1]


def dies_at(number: int, folder: Path, work: Callable[[], object]) -> str | None:
    """Run something in a child until it dies at the event with this number, or comes to its end."""
    return Child(number, folder, work).wait()


class _Events:
    """Counts events, writes them down, and ends the process at one of them."""

    def __init__(self, number: int, folder: Path, journal: Path) -> None:
        self._left = number
        self._folder = str(folder)
        self._journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        self._lock = threading.Lock()

    def count(self) -> None:
        """Count from here on, until the process ends."""
        sys.addaudithook(self._audit)
        for module, name in ((os, "fsync"), (time, "sleep")):
            self._watch(module, name, "before")
        self._watch(os, "kill", "after")

    def _watch(self, module: Any, name: str, when: str) -> None:
        original = getattr(module, name)

        def instead(*arguments: Any) -> Any:
            if when == "before":
                self._happens(name)
            result = original(*arguments)
            if when == "after":
                self._happens(f"after {name}")
            return result

        patch.object(module, name, instead).start()

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _mode, flags = arguments
            if flags & _WRITES and self._below(path):
                self._happens(f"open {path}")
        elif event in _CHANGES:
            path = arguments[_CHANGES[event]]
            # a number is an open file
            if isinstance(path, int) or self._below(path):
                self._happens(f"{event} {path}")
        elif event in _OTHERS:
            self._happens(f"{event} {arguments[1:]}")

    def _below(self, path: object) -> bool:
        return isinstance(path, (str, bytes, Path)) and os.fsdecode(path).startswith(self._folder)

    def _happens(self, event: str) -> None:
        with self._lock:
            self._left -= 1
            os.write(self._journal, f"{event}\n".encode())
            if self._left < 0:
                # Not by os.kill, which is an event
                signal.pthread_kill(threading.get_ident(), signal.SIGKILL)
