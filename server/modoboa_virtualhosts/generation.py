# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""A value in the cache that all processes share: who finds another one than before forgets.

It is read on every request. Of the time that a read through Django's cache takes, redis and the
network have a tenth; the rest is a new client and a pool's housekeeping for each command. So with
redis, which Modoboa needs anyway, each thread keeps a connection of its own for this.
"""

from __future__ import annotations

import os
import threading
import uuid
from typing import Any

from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisConnectionError

KEY = "modoboa_virtualhosts:generation"


def read() -> object:
    """Return the present value, of whatever type; equal as long as nobody renews it.

    :raises Exception: the cache does not answer; every cache has its own errors
    """
    backend: Any = caches[DEFAULT_CACHE_ALIAS]
    if not isinstance(backend, RedisCache):
        return backend.get(KEY) or renew()
    found = _connection.get(backend)
    if found is None:
        renew()
        found = _connection.get(backend)
    return found


def renew() -> str:
    """Write another value and return it.

    :raises Exception: the cache does not answer
    """
    value = uuid.uuid4().hex
    caches[DEFAULT_CACHE_ALIAS].set(KEY, value, None)
    return value


class _Connection(threading.local):
    """A thread's connection to redis, with redis-py's own means."""

    def __init__(self) -> None:
        self._redis: Any = None
        self._command: Any = None
        self._made_for: object = None

    def get(self, backend: Any) -> bytes | None:
        """Return what is stored, in the spelling of the cache; None when there is nothing.

        :raises redis.exceptions.RedisError: no answer
        """
        try:
            return self._ask(backend)
        except RedisConnectionError:
            # Redis closes connections that were quiet for long, and all of them when it restarts
            return self._ask(backend)

    def _ask(self, backend: Any) -> bytes | None:
        # A process that forks must not share its connections
        purpose = (os.getpid(), backend._servers)
        if self._made_for != purpose:
            self._connect(backend)
            self._made_for = purpose
        try:
            self._redis.send_packed_command(self._command)
            answer: bytes | None = self._redis.read_response()
        except BaseException:  # half of an answer would be taken for the next one's
            self._redis.disconnect()
            raise
        return answer

    def _connect(self, backend: Any) -> None:
        # Writes go to the first server, so what it says is never late
        pool = backend._cache.get_client(KEY, write=True).connection_pool
        self._redis = pool.make_connection()
        self._command = self._redis.pack_command("GET", backend.make_and_validate_key(KEY))


_connection = _Connection()
