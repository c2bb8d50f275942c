# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in a process of its own, which kills itself (SIGKILL) at a given event."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from integration.audited import Audited


@dataclass(frozen=True)
class Death:
    """How far a run came.

    :ivar last: the event that it died at; None if it came to its end
    :ivar notes: what it had written down by then
    """

    last: str | None
    notes: list[str] = field(default_factory=list)


class Events:
    """Counts events, writes them down, and ends the process at one of them."""

    def __init__(self, number: int, journal: Path) -> None:
        self._left = number
        self._journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        self._lock = threading.Lock()

    def happens(self, event: str) -> None:
        """Count an event, which may be the last."""
        with self._lock:
            self._left -= 1
            self._write(event=event)
            if self._left < 0:
                # Not by os.kill, which may be an event
                signal.pthread_kill(threading.get_ident(), signal.SIGKILL)

    def note(self, text: str) -> None:
        """Write something down for the test, in the order of the events."""
        self._write(note=text)

    def audit(self, audited: Audited) -> None:
        """Count what Python audits, from here on until the process ends."""

        def hear(event: str, arguments: tuple[Any, ...]) -> None:
            words = audited.words(event, arguments)
            if words:
                self.happens(words)

        sys.addaudithook(hear)

    def before(self, module: object, name: str) -> None:
        """Count each call of a function, just before."""
        self._around(module, name, name, "")

    def after(self, module: object, name: str) -> None:
        """Count each call of a function, just after."""
        self._around(module, name, "", f"after {name}")

    def _around(self, module: object, name: str, before: str, after: str) -> None:
        original = getattr(module, name)

        def instead(*arguments: Any) -> Any:
            if before:
                self.happens(before)
            result = original(*arguments)
            if after:
                self.happens(after)
            return result

        patch.object(module, name, instead).start()

    def _write(self, **entry: str) -> None:
        os.write(self._journal, f"{json.dumps(entry)}\n".encode())


class Child:
    """A child of this process, with what this one has imported, that dies at some event."""

    def __init__(
        self,
        number: int,
        journal: Path,
        watch: Callable[[Events], AbstractContextManager[None]],
        work: Callable[[], object],
    ) -> None:
        """Start it.

        :param number: of the event, counted from 0
        :param journal: a file for what happens
        :param watch: says in the child which events there are, while it works
        :param work: what it does
        """
        self._journal = journal
        self._pid = os.fork()
        if self._pid == 0:
            # never back into the test
            try:
                with watch(Events(number, journal)):
                    work()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)

    def wait(self) -> Death:
        """Wait for its death, or for the end of its work."""
        _pid, status = os.waitpid(self._pid, 0)
        ended = status == 0
        assert ended or os.WTERMSIG(status) == signal.SIGKILL, f"the run failed: {status}"
        entries = [json.loads(line) for line in self._journal.read_text().splitlines()]
        self._journal.unlink()
        events = [str(entry["event"]) for entry in entries if "event" in entry]
        notes = [str(entry["note"]) for entry in entries if "note" in entry]
        return Death(None if ended else events[-1], notes)
