# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Which virtual host a request came in on: asked on every request, so answered from memory.

Each worker process remembers what it looked up. What it remembers is valid for one generation, a
random value in the cache that all processes share: every change writes a new one. So a request
costs one look into the shared cache, a query only after a change, and no answer is stale.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from asgiref.local import Local
from django.conf import settings
from django.contrib.sites.models import Site
from django.core.cache import cache
from django.core.exceptions import DisallowedHost
from django.core.signals import request_finished, request_started
from django.db import DEFAULT_DB_ALIAS, DatabaseError, transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.request import split_domain_port

from .hostname import is_hostname
from .models import VirtualHost
from .theme import overrides

# Not one of Modoboa's logs: these write to the database, which may be in the middle of a transaction
logger = logging.getLogger(__name__)

_GENERATION_KEY = "modoboa_virtualhosts:generation"
# Bounds how long a process could be wrong if a change was never announced (a cache that lost it,
# a process killed between its commit and its announcement, a cache that is not shared)
_REMEMBER_SECONDS = 10.0
# Bounds the memory that invented Host headers can take
_REMEMBER_NAMES = 20_000
# Bounds the memory of all other answers, each of which is about an account
_REMEMBER_ANSWERS = 10_000

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Host:
    """What a request needs to know of the virtual host it came in on."""

    pk: int
    name: str
    enabled: bool
    theme: Mapping[str, str]


@dataclass
class _Memory:
    """What one process looked up during one generation."""

    generation: str
    since: float = field(default_factory=time.monotonic)
    hosts: dict[str, Host | None] = field(default_factory=dict)
    answers: dict[Hashable, Any] = field(default_factory=dict)


class _State:
    """The memory shared by the threads of this process, and that of the current request."""

    def __init__(self) -> None:
        self.shared: _Memory | None = None
        self._request = Local()

    def start_request(self) -> None:
        self._request.active = True
        self._request.memory = None
        self._request.changed = False

    def end_request(self) -> None:
        self._request.active = False
        self._request.memory = None
        self._request.changed = False

    def forget(self) -> None:
        """After a change: this thread may see rows that nobody else sees yet, or ever."""
        self.shared = None
        self._request.memory = None
        self._request.changed = True

    def memory(self) -> _Memory | None:
        """Return what may be used and added to; None means: ask the database, keep nothing."""
        if getattr(self._request, "changed", False):
            return None
        remembered: _Memory | None = getattr(self._request, "memory", None)
        if remembered is not None:
            return remembered
        generation = _generation()
        if generation is None:
            return None
        shared = self.shared
        if (
            shared is None
            or shared.generation != generation
            or time.monotonic() - shared.since > _REMEMBER_SECONDS
        ):
            shared = self.shared = _Memory(generation)
        if getattr(self._request, "active", False):
            self._request.memory = shared
        return shared


_state = _State()


def find(hostname: str) -> Host | None:
    """Return the virtual host of that name, None when there is none.

    The instance's own hostnames are never virtual hosts, whatever the database says.

    :param hostname: lowercase, without port, as :func:`request_hostname` returns it
    :raises DatabaseError: the database does not answer
    """
    if not is_hostname(hostname) or hostname in primary_hostnames():
        return None
    memory = _state.memory()
    if memory is None:
        return _load(hostname)
    try:
        return memory.hosts[hostname]
    except KeyError:
        host = _load(hostname)
        if host is not None or len(memory.hosts) < _REMEMBER_NAMES:
            memory.hosts[hostname] = host
        return host


def remember(question: Hashable, load: Callable[[], _Answer]) -> _Answer:
    """Return the answer to a question, from memory as long as nothing has changed.

    :param question: what tells the question from all others
    :param load: asks the database; what it reads must be among the tables in changes.py
    """
    memory = _state.memory()
    if memory is None:
        return load()
    try:
        return cast("_Answer", memory.answers[question])
    except KeyError:
        answer = load()
        if len(memory.answers) >= _REMEMBER_ANSWERS:
            memory.answers.clear()
        memory.answers[question] = answer
        return answer


def find_for_request(request: HttpRequest) -> Host | None:
    """Return the virtual host that a request came in on, None for the instance's own hostnames."""
    hostname = request_hostname(request)
    return find(hostname) if hostname else None


def request_hostname(request: HttpRequest) -> str:
    """Return the hostname that a request names, lowercase, without port or trailing dot.

    Empty when the request names none that this instance serves.
    """
    try:
        return split_domain_port(request.get_host())[0]
    except DisallowedHost:
        return ""


def primary_hostnames() -> frozenset[str]:
    """Return the instance's own hostnames: those its settings.py allows by name, and its site."""
    # The entry that stands for the database (allowed_hosts.py) is a string of a type of its own
    names = {host.lower() for host in settings.ALLOWED_HOSTS if host.__class__ is str}
    names.discard("*")
    # Before the first migration there is no site: the names in the settings will do
    with suppress(DatabaseError, Site.DoesNotExist):
        names.add(split_domain_port(Site.objects.get_current().domain)[0])
    return frozenset(name for name in names if name and not name.startswith("."))


def announce_change(using: str = DEFAULT_DB_ALIAS) -> None:
    """Make every process forget what it knows, now and once the transaction is committed.

    Announced twice because another process may look in between: it sees the rows as they were.

    :param using: the database that was changed
    """
    _state.forget()
    _new_generation()
    connection = transaction.get_connection(using)
    if not connection.in_atomic_block:
        return
    here = set(connection.savepoint_ids)
    waiting = (entry for entry in connection.run_on_commit if entry[1] is _new_generation)
    if not any(entry[0] <= here for entry in waiting):
        transaction.on_commit(_new_generation, using=using)


def _load(hostname: str) -> Host | None:
    virtual_host = VirtualHost.objects.filter(name=hostname).first()
    if virtual_host is None:
        return None
    return Host(
        pk=virtual_host.pk,
        name=virtual_host.name,
        enabled=virtual_host.enabled,
        theme=overrides(virtual_host),
    )


def _generation() -> str | None:
    try:
        generation: str | None = cache.get(_GENERATION_KEY)
        return generation or _new_generation()
    except Exception:  # every cache has its own errors, and none may take the site down
        logger.warning("Virtual hosts: the cache does not answer", exc_info=True)
        return None


def _new_generation() -> str | None:
    generation = uuid.uuid4().hex
    try:
        cache.set(_GENERATION_KEY, generation, None)
    except Exception:  # as above: the other processes notice after _REMEMBER_SECONDS
        logger.warning("Virtual hosts: the cache does not answer", exc_info=True)
        return None
    return generation


@receiver(request_started)
def _request_started(**_kwargs: Any) -> None:
    _state.start_request()


@receiver(request_finished)
def _request_finished(**_kwargs: Any) -> None:
    _state.end_request()
