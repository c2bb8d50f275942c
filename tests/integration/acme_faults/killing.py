# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in a process of its own, which kills itself (SIGKILL) at a given event.

Events are every change of a file below the storage, just before it is made, and every request to
the CA: just before it is sent, and just after its answer has arrived.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests
from integration.acme_faults.module import payload_of, watched

# Audit events of changes, with the position of the path in their arguments
_CHANGES = {
    "os.rename": 1,
    "os.remove": 0,
    "os.mkdir": 0,
    "os.rmdir": 0,
    "os.symlink": 1,
    "os.chmod": 0,
    "os.chown": 0,
    "os.truncate": 0,
}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Death:
    """How far a run came.

    :ivar last: the event that it died at; ``None`` if it came to its end
    :ivar issued: the main names of the certificates that the CA had been told to issue, and had
        answered so
    """

    last: str | None
    issued: frozenset[str]


class Child:
    """A child of this process, with what this one has imported, that dies at some event."""

    def __init__(self, number: int, storage: Path, work: Callable[[], object]) -> None:
        """Start it.

        :param number: of the event, counted from 0
        :param storage: below which changes count
        :param work: what it does
        """
        self._journal = storage.with_name(f"{storage.name}-{number}.journal")
        self._pid = os.fork()
        if self._pid == 0:
            # never back into the test
            try:
                with _Events(number, storage, self._journal).counted():
                    work()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)

    def wait(self) -> Death:
        """Wait for its death, or for the end of its work."""
        _pid, status = os.waitpid(self._pid, 0)
        entries = [json.loads(line) for line in self._journal.read_text().splitlines()]
        ended = status == 0
        assert ended or os.WTERMSIG(status) == signal.SIGKILL, f"the run failed: {status}"
        events = [str(entry["event"]) for entry in entries if "event" in entry]
        issued = frozenset(entry["issued"] for entry in entries if "issued" in entry)
        return Death(None if ended else events[-1], issued)


def dies_at(number: int, storage: Path, work: Callable[[], object]) -> Death:
    """Run something in a child until it dies at the event with this number, or comes to its end."""
    return Child(number, storage, work).wait()


class _Events:
    """Counts events, writes them down, and ends the process at one of them."""

    def __init__(self, number: int, storage: Path, journal: Path) -> None:
        self._left = number
        self._storage = str(storage)
        self._journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        self._lock = threading.Lock()
        self._orders: dict[str, str] = {}

    def counted(self) -> Any:
        """Count from here on; changes of files are counted until the process ends."""
        sys.addaudithook(self._audit)
        fsync = os.fsync

        def flush(descriptor: int) -> None:
            self._happens("fsync")
            fsync(descriptor)

        patch.object(os, "fsync", flush).start()
        return watched(self._before, self._after)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _mode, flags = arguments
            if flags & _WRITES and self._below(path):
                self._happens(f"open {path}")
        elif event in _CHANGES:
            path = arguments[_CHANGES[event]]
            # a number is an open file, a relative path one that is removed with its folder
            if isinstance(path, int) or not str(path).startswith("/") or self._below(path):
                self._happens(f"{event} {path}")

    def _below(self, path: object) -> bool:
        return isinstance(path, (str, bytes)) and os.fsdecode(path).startswith(self._storage)

    def _before(self, request: requests.PreparedRequest) -> None:
        self._happens(f"before {request.method} {request.path_url}")

    def _after(self, request: requests.PreparedRequest, answer: requests.Response) -> None:
        issued = self._orders.get(str(request.url))
        if issued and answer.ok:
            self._write(issued=issued)
        elif answer.status_code == 201 and "identifiers" in (payload := payload_of(request)):
            # the main name is the first of each certificate's names in the alphabet
            name = str(payload["identifiers"][0]["value"])
            self._orders[str(answer.json()["finalize"])] = name
        self._happens(f"after {request.method} {request.path_url}")

    def _happens(self, event: str) -> None:
        with self._lock:
            self._left -= 1
            self._write(event=event)
            if self._left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def _write(self, **entry: str) -> None:
        os.write(self._journal, f"{json.dumps(entry)}\n".encode())
