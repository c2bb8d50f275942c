# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Which virtual host a request came in on, and what it costs to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.signals import request_finished, request_started
from django.test import RequestFactory
from people import A, B, virtual_host

from modoboa_virtualhosts import generation, hosts, memory

if TYPE_CHECKING:
    from people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]


@pytest.fixture(autouse=True)
def _next_request(people: People) -> None:
    """What the fixtures changed was changed by an earlier request."""
    hosts.primary_hostnames()  # the site is asked for once in the life of a process
    new_request()


def new_request() -> None:
    request_finished.send(sender=None)
    request_started.send(sender=None)


def test_find() -> None:
    host = hosts.find(A)
    assert host is not None
    assert (host.name, host.enabled, host.theme) == (A, True, {})
    assert hosts.find("unknown.test") is None
    assert hosts.find("not a name") is None


def test_no_query_once_known(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        hosts.find(A)
        hosts.find("unknown.test")
    new_request()
    with django_assert_num_queries(0):
        assert hosts.find(A) is not None
        assert hosts.find("unknown.test") is None


def test_one_look_into_the_cache_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[object] = []
    read = generation.read

    def look() -> object:
        looks.append(None)
        return read()

    monkeypatch.setattr(generation, "read", look)
    for name in (A, B, A, "unknown.test"):
        hosts.find(name)
    assert len(looks) == 1


def test_a_change_is_known_at_once() -> None:
    hosts.find(A)
    new_request()
    virtual_host(A, enabled=False)
    host = hosts.find(A)
    assert host is not None
    assert not host.enabled


def test_a_change_by_another_process_is_known_to_the_next_request(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.find(A)
    with monkeypatch.context() as another_process:
        another_process.setattr(memory, "_state", memory.State())
        virtual_host(A, theme_primary_color="#123456")
    with django_assert_num_queries(0):
        hosts.find(A)  # still the same request
    new_request()
    host = hosts.find(A)
    assert host is not None
    assert host.theme == {"theme_primary_color": "#123456"}


def test_uncommitted_changes_are_not_remembered(django_assert_num_queries: Any) -> None:
    """A request that changes something may be rolled back, so what it sees is its own."""
    virtual_host(A, enabled=False)
    with django_assert_num_queries(2):
        hosts.find(A)
        hosts.find(A)


def fail(*_args: Any) -> None:
    raise ConnectionError


def test_a_cache_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "read", fail)
    monkeypatch.setattr(generation, "renew", fail)
    new_request()
    assert hosts.find(A) is not None
    virtual_host(A, enabled=False)
    host = hosts.find(A)
    assert host is not None
    assert not host.enabled


def test_nothing_is_missed_while_the_cache_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts.find(A)
    with monkeypatch.context() as without_cache:
        without_cache.setattr(generation, "read", fail)
        new_request()
        hosts.find(A)
        with monkeypatch.context() as lost:
            lost.setattr(memory, "announce_change", lambda **_using: None)
            virtual_host(A, enabled=False)
    new_request()
    host = hosts.find(A)
    assert host is not None
    assert not host.enabled


def test_what_the_cache_did_not_take_is_announced_later(monkeypatch: pytest.MonkeyPatch) -> None:
    before = generation.read()
    with monkeypatch.context() as without_cache:
        without_cache.setattr(generation, "renew", fail)
        virtual_host(A, enabled=False)
    assert generation.read() == before
    new_request()
    hosts.find(A)
    assert generation.read() != before


def test_a_lost_announcement_does_not_last(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts.find(A)
    with monkeypatch.context() as lost:
        lost.setattr(memory, "announce_change", lambda **_using: None)
        virtual_host(A, enabled=False)
    new_request()
    host = hosts.find(A)
    assert host is not None
    assert host.enabled
    monkeypatch.setattr(memory, "_REMEMBER_SECONDS", 0.0)
    new_request()
    host = hosts.find(A)
    assert host is not None
    assert not host.enabled


def test_invented_names_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_REMEMBER_NAMES", 3)
    for number in range(10):
        hosts.find(f"invented{number}.test")
    assert hosts.find(A) is not None
    shared = memory._state.shared
    assert shared is not None
    assert len(shared.hosts) == 4


@pytest.mark.parametrize(
    ("header", "hostname"),
    [
        (A, A),
        ("MAIL.A.TEST", A),
        (f"{A}.", A),
        (f"{A}:8443", A),
        (f"{A}.:8443", A),
        ("unknown.test", ""),
        (f"{A}@{B}", ""),
        (f"{A} {B}", ""),
    ],
)
def test_request_hostname(header: str, hostname: str) -> None:
    request = RequestFactory().get("/", headers={"host": header})
    assert hosts.request_hostname(request) == hostname


def test_primary_hostnames(settings: Any) -> None:
    assert hosts.primary_hostnames() == {"modoboa.test", "testserver"}
    settings.ALLOWED_HOSTS = ["*", ".wild.test", "Extra.test"]
    assert hosts.primary_hostnames() == {"modoboa.test", "extra.test"}


def test_the_primary_hostname_wins(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [A]
    assert hosts.find(A) is None
