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

# Seconds
PAUSE = 0.01
# By fork, so that questions can be any functions
_PROCESSES = multiprocessing.get_context("fork")

Question = Callable[[], "str | None"]


@dataclass
class Asked:
    """What came of one question, asked again and again.

    :ivar count: how often it was asked in the block, the last time included, which is after it
    :ivar failures: what was wrong, each time that something was
    :ivar silence: the longest time without a good answer, in seconds
    """

    count: int = 0
    failures: list[str] = field(default_factory=list)
    silence: float = 0.0


class Probes:
    """What comes of asking; all of it is known when the block has ended.

    :ivar asked: the same for each question
    :ivar seconds: how long the block took
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._start = time.monotonic()
        self.asked: list[Asked] = []
        self.seconds = 0.0

    @property
    def count(self) -> int:
        """How often was asked in the block, the last time of each question included, which is after it."""
        return sum(each.count for each in self.asked)

    @property
    def rate(self) -> float:
        """How often was asked in a second of the block."""
        return self.count / max(self.seconds, 1e-3)

    @property
    def failures(self) -> list[str]:
        """What was wrong, each time that something was."""
        return [failure for each in self.asked for failure in each.failures]

    @property
    def silence(self) -> float:
        """The longest time for which a question had no good answer, in seconds."""
        return max(each.silence for each in self.asked)

    def __str__(self) -> str:
        """What came of it, in one line."""
        return (
            f"{self.count} questions, {len(self.failures)} of them without a good answer; "
            f"at most {self.silence:.1f} s from one to the next"
        )

    def so_far(self) -> list[int]:
        """Return how often each question has been asked within the block, while that goes on."""
        self._say("so far")
        return [each.count for each in self.asked]

    def end(self) -> None:
        """Ask each question once more, and no more then."""
        self.seconds = time.monotonic() - self._start
        self._say("over")

    def _say(self, word: str) -> None:
        self._connection.send(word)
        self.asked = self._connection.recv()


@contextmanager
def probing(*questions: Question, pause: float = PAUSE) -> Iterator[Probes]:
    """Ask all the questions again and again until the end of the block, and each once more then.

    That is done in another process: what runs in the block may fork. Each is asked once before the block
    begins, which counts only if it fails.

    :param questions: each returns what is wrong, or None; what it raises is wrong, too
    :param pause: seconds from an answer to the next time of the same question
    """
    ours, theirs = _PROCESSES.Pipe()
    process = _PROCESSES.Process(
        target=_ask_all, args=[ours, theirs, questions, pause], daemon=True
    )
    process.start()
    theirs.close()
    try:
        ours.recv()
        probes = Probes(ours)
        try:
            yield probes
        finally:
            probes.end()
    finally:
        # Without its other end it goes by itself
        ours.close()
        process.join()


class _Asker(threading.Thread):
    """Asks one question, until told that it is over."""

    def __init__(self, question: Question, pause: float, over: threading.Event) -> None:
        super().__init__()
        self._question, self._pause, self._over = question, pause, over
        self._lock = threading.Lock()
        self.begun = threading.Event()
        self._asked = Asked()
        self._answered = time.monotonic()

    def run(self) -> None:
        self._ask(counts=0)
        self.begun.set()
        last = False
        while not last:
            last = self._over.wait(self._pause)
            self._ask(counts=1)

    def so_far(self) -> Asked:
        """What came of it; a silence that has not ended is one."""
        with self._lock:
            found = self._asked
            return Asked(found.count, list(found.failures), self._silence())

    def _ask(self, counts: int) -> None:
        try:
            wrong = self._question()
        except Exception as error:  # whatever it is, it is counted
            wrong = repr(error)
        with self._lock:
            self._asked.count += counts
            if wrong is not None:
                self._asked.failures.append(wrong)
                return
            # What came before the block does not belong to it
            self._asked.silence = self._silence() if counts else 0.0
            self._answered = time.monotonic()

    def _silence(self) -> float:
        return max(self._asked.silence, time.monotonic() - self._answered)


def _ask_all(
    far: Connection, connection: Connection, questions: tuple[Question, ...], pause: float
) -> None:
    # Or it would not hear that nobody is there any more
    far.close()
    over = threading.Event()
    askers = [_Asker(question, pause, over) for question in questions]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.begun.wait()
    try:
        connection.send("begun")
        while connection.recv() != "over":
            connection.send([asker.so_far() for asker in askers])
    finally:
        # Also when nobody is there any more
        over.set()
        for asker in askers:
            asker.join()
    connection.send([asker.so_far() for asker in askers])
