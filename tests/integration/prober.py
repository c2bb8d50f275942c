# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who keeps asking while something is done, and counts what goes wrong."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

PAUSE = 0.01
# By fork, so that questions can be any functions
_PROCESSES = multiprocessing.get_context("fork")


@dataclass
class Probes:
    """What came of asking, once it has ended.

    :ivar count: how often it was asked in the block, the last time of each question included, which is after it
    :ivar failures: what was wrong, each time that something was
    :ivar seconds: how long the block took
    """

    count: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0

    @property
    def rate(self) -> float:
        """How often it was asked in a second of the block."""
        return self.count / max(self.seconds, 1e-3)


@contextmanager
def probing(*questions: Callable[[], str | None]) -> Iterator[Probes]:
    """Ask all the questions again and again until the end of the block, and each once more then.

    That is done in another process: what runs in the block may fork.

    :param questions: each returns what is wrong, or None; what it raises is wrong, too
    """
    probes = Probes()
    ours, theirs = _PROCESSES.Pipe()
    process = _PROCESSES.Process(target=_ask_all, args=[theirs, questions], daemon=True)
    process.start()
    theirs.close()
    try:
        # Asked once each at least, before anything is done
        ours.recv()
        start = time.monotonic()
        yield probes
        probes.seconds = time.monotonic() - start
    finally:
        ours.send("over")
        probes.count, probes.failures = ours.recv()
        process.join()


def _ask_all(connection: Connection, questions: tuple[Callable[[], str | None], ...]) -> None:
    probes, over, lock = Probes(), threading.Event(), threading.Lock()
    counting = threading.Event()
    begun = threading.Barrier(len(questions) + 1)

    def ask(question: Callable[[], str | None]) -> None:
        first, last = True, False
        while not last:
            last, counted = over.is_set(), counting.is_set()
            try:
                wrong = question()
            except Exception as error:  # whatever it is, it is counted
                wrong = repr(error)
            with lock:
                probes.count += counted
                if wrong is not None:
                    probes.failures.append(wrong)
            if first:
                begun.wait()
                first = False
            over.wait(PAUSE)

    threads = [threading.Thread(target=ask, args=[question]) for question in questions]
    for thread in threads:
        thread.start()
    begun.wait()
    counting.set()
    try:
        connection.send("begun")
        connection.recv()
    finally:
        # Also when nobody is there any more
        over.set()
    for thread in threads:
        thread.join()
    connection.send((probes.count, probes.failures))
