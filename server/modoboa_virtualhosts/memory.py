# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What a worker process has looked up in the database, so that the next request need not.

It is valid for one generation (generation.py): every change announces a new one. So a request costs
one look into the shared cache, a query only after a change, and no answer is stale.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from django.core.signals import request_finished, request_started
from django.db import DEFAULT_DB_ALIAS, transaction
from django.dispatch import receiver

from . import generation

# Not one of Modoboa's logs: these write to the database, which may be in the middle of a transaction
logger = logging.getLogger(__name__)

# Bound how long a process could be wrong if a change was never announced (a process killed between
# its commit and its announcement, a cache that is not shared): about who may enter, about the rest
_ANSWER_SECONDS = 10.0
_REMEMBER_SECONDS = 300.0
# Bounds the memory of all answers, each of which is about an account
_REMEMBER_ANSWERS = 10_000

_Answer = TypeVar("_Answer")


@dataclass
class Memory:
    """What one process looked up during one generation."""

    generation: object
    since: float = field(default_factory=time.monotonic)
    # By hostname, None where there is no virtual host of that name: see hosts.py
    hosts: dict[str, Any] = field(default_factory=dict)
    # Themes that many hosts have are kept once
    themes: dict[Hashable, Any] = field(default_factory=dict)
    answers: dict[Hashable, Any] = field(default_factory=dict)
    answers_since: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class _Request:
    """What is known of the request at hand, or of what a process does outside of requests."""

    active: bool = False
    changed: bool = False
    memory: Memory | None = None


class State:
    """The memory shared by the threads of this process, and that of the current request."""

    def __init__(self) -> None:
        self.shared: Memory | None = None
        self._announced = True
        self._request: ContextVar[_Request | None] = ContextVar("request", default=None)

    def start_request(self) -> None:
        """From here on, look into the shared cache once."""
        self._request.set(_Request(active=True))

    def end_request(self) -> None:
        """What comes next knows nothing of this request's changes."""
        self._request.set(None)

    def forget(self) -> None:
        """After a change: this thread may see rows that nobody else sees yet, or ever."""
        self.shared = None
        request = self._request.get()
        if request is None:
            request = _Request()
            self._request.set(request)
        request.memory = None
        request.changed = True

    def memory(self) -> Memory | None:
        """Return what may be used and added to; None means: ask the database, keep nothing."""
        request = self._request.get()
        if request is None:
            return self._current()
        if request.changed:
            return None
        if request.memory is None:
            current = self._current()
            if request.active:
                request.memory = current
            return current
        return request.memory

    def announce(self) -> None:
        """Tell all processes to forget; should the cache not answer, again with the next question."""
        try:
            generation.renew()
            self._announced = True
        except Exception:  # every cache has its own errors, and none may take the site down
            self._announced = False
            self._complain()

    def _current(self) -> Memory | None:
        if not self._announced:
            self.announce()
        try:
            present = generation.read()
        except Exception:  # as above
            # Whatever was announced meanwhile was not heard here
            self.shared = None
            self._complain()
            return None
        shared, now = self.shared, time.monotonic()
        if shared is None or shared.generation != present or now - shared.since > _REMEMBER_SECONDS:
            shared = self.shared = Memory(present)
        elif now - shared.answers_since > _ANSWER_SECONDS:
            shared.answers, shared.answers_since = {}, now
        return shared

    @staticmethod
    def _complain() -> None:
        logger.warning("Virtual hosts: the cache does not answer", exc_info=True)


_state = State()


def current() -> Memory | None:
    """Return what may be used and added to; None means: ask the database, keep nothing."""
    return _state.memory()


def remember(question: Hashable, load: Callable[[], _Answer]) -> _Answer:
    """Return the answer to a question, from memory as long as nothing has changed.

    :param question: what tells the question from all others
    :param load: asks the database; what it reads must be among the tables in changes.py
    """
    memory = _state.memory()
    if memory is None:
        return load()
    # Another thread may put a new one in its place
    answers = memory.answers
    try:
        return cast("_Answer", answers[question])
    except KeyError:
        answer = load()
        if len(answers) >= _REMEMBER_ANSWERS:
            answers.clear()
        answers[question] = answer
        return answer


def announce_change(using: str = DEFAULT_DB_ALIAS) -> None:
    """Make every process forget what it knows, now and once the transaction is committed.

    Announced twice because another process may look in between: it sees the rows as they were.

    :param using: the database that was changed
    """
    _state.forget()
    announce()
    connection = transaction.get_connection(using)
    if not connection.in_atomic_block:
        return
    here = set(connection.savepoint_ids)
    waiting = (entry for entry in connection.run_on_commit if entry[1] is announce)
    if not any(entry[0] <= here for entry in waiting):
        transaction.on_commit(announce, using=using)


def announce() -> None:
    """Tell all processes to forget."""
    _state.announce()


@receiver(request_started)
def _request_started(**_kwargs: Any) -> None:
    _state.start_request()


@receiver(request_finished)
def _request_finished(**_kwargs: Any) -> None:
    _state.end_request()
