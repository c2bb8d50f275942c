# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The value that tells all processes of a change, read past Django's cache and still the same."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.cache import cache, caches
from redis.exceptions import ConnectionError as RedisConnectionError

from modoboa_virtualhosts import generation


def test_another_one_after_each_renewal() -> None:
    first = generation.read()
    assert generation.read() == first
    generation.renew()
    assert generation.read() != first


def test_there_is_always_one() -> None:
    cache.delete(generation.KEY)
    assert generation.read() is not None
    assert cache.get(generation.KEY) is not None


def test_what_django_writes_is_read() -> None:
    before = generation.read()
    cache.set(generation.KEY, "by hand", None)
    assert generation.read() != before


def test_a_connection_that_redis_has_closed() -> None:
    before = generation.read()
    redis = caches["default"]._cache.get_client(None, write=True)  # type: ignore[attr-defined]
    generation._connection._redis.send_command("CLIENT", "ID")
    redis.client_kill_filter(_id=generation._connection._redis.read_response())
    assert generation.read() == before


def test_no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    generation.read()
    connection = generation._connection._redis

    def fail(*_args: Any) -> None:
        raise RedisConnectionError

    with monkeypatch.context() as gone:
        gone.setattr(connection, "send_packed_command", fail)
        with pytest.raises(RedisConnectionError):
            generation.read()
    assert generation.read() is not None


def test_half_an_answer_is_not_taken_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    before = generation.read()
    connection = generation._connection._redis

    def interrupt(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(connection, "read_response", interrupt)
        with pytest.raises(KeyboardInterrupt):
            generation.read()
    generation.renew()
    assert generation.read() != before


def test_each_thread_has_a_connection_of_its_own() -> None:
    generation.read()
    found: list[object] = []

    def look() -> None:
        generation.read()
        found.append(generation._connection._redis)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found[0] is not generation._connection._redis


def test_other_caches(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    first = generation.read()
    assert generation.read() == first
    generation.renew()
    assert generation.read() != first
