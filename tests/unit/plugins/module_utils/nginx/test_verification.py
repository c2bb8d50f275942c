# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at what is served: where, and what is said of it."""

from __future__ import annotations

import socket
import time

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import verification
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.certificate import Certificate
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.verification import (
    Verification,
)
from unit.plugins.module_utils.nginx.hosts import block, linked, step

ON_DISK = Certificate(b"on disk")
NAME = "a.example.com"


@pytest.mark.parametrize(
    ("address", "listening", "expected"),
    [
        (None, ["*", "[::]"], "127.0.0.1"),
        (None, ["[::]"], "::1"),
        (None, ["192.0.2.1", "*"], "192.0.2.1"),
        (None, ["[2001:db8::1]"], "2001:db8::1"),
        ("192.0.2.2", ["*"], "192.0.2.2"),
        ("::1", ["*"], "::1"),
        ("[2001:db8::2]", ["*"], "2001:db8::2"),
    ],
)
def test_where_to_look(address: str | None, listening: list[str], expected: str) -> None:
    assert Verification.at(address, listening, 443, 1).address == expected


class Server:
    """Answers with one certificate after the other, the last one for ever."""

    def __init__(self, *answers: Certificate | OSError) -> None:
        self.answers = list(answers)
        self.names: list[str] = []

    def __call__(self, _address: str, _port: int, name: str, _timeout: float) -> Certificate:
        self.names.append(name)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


@pytest.fixture
def host(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> Step:
    """A host with a certificate on disk; nobody waits long for a better answer."""
    monkeypatch.setattr(verification, "_PATIENCE", 0.1)
    created = step(layout, NAME)
    created.after = linked(layout, NAME, block(NAME, "present"))
    created.certificate = ON_DISK
    return created


def look(monkeypatch: pytest.MonkeyPatch, server: Server, host: Step) -> dict[str, str]:
    monkeypatch.setattr(verification, "served", server)
    return Verification("127.0.0.1", 443, 1).failures([host])


def test_all_names_are_asked_for(monkeypatch: pytest.MonkeyPatch, host: Step) -> None:
    server = Server(ON_DISK)
    assert look(monkeypatch, server, host) == {}
    assert server.names == [NAME, f"www.{NAME}"]
    assert host.served == ON_DISK


def test_a_wrong_answer_that_does_not_last(monkeypatch: pytest.MonkeyPatch, host: Step) -> None:
    server = Server(Certificate(b"old"), ConnectionRefusedError(111, "Connection refused"), ON_DISK)
    assert look(monkeypatch, server, host) == {}


def test_a_wrong_answer(monkeypatch: pytest.MonkeyPatch, host: Step) -> None:
    failures = look(monkeypatch, Server(Certificate(b"old")), host)
    assert "serves another certificate than the one on disk" in failures[NAME]


def test_no_answer(monkeypatch: pytest.MonkeyPatch, host: Step) -> None:
    failures = look(monkeypatch, Server(ConnectionRefusedError(111, "Connection refused")), host)
    assert "127.0.0.1 port 443: Connection refused" in failures[NAME]
    assert "verify_address" in failures[NAME]


def many(layout: Layout) -> list[Step]:
    hosts = [step(layout, f"host-{number:02}.example.com") for number in range(40)]
    for host in hosts:
        host.after = linked(layout, host.name, block(host.name, "present"))
        host.certificate = ON_DISK
    return hosts


def test_every_host_is_waited_for(monkeypatch: pytest.MonkeyPatch, layout: Layout) -> None:
    """However long the hosts before it took: one that refuses once is asked again."""
    monkeypatch.setattr(verification, "_PATIENCE", 0.1)
    refused = set()

    def answer(_address: str, _port: int, name: str, _timeout: float) -> Certificate:
        time.sleep(0.02)
        if name.startswith("host-39") and name not in refused:
            refused.add(name)
            raise ConnectionResetError(104, "Connection reset by peer")
        return ON_DISK

    monkeypatch.setattr(verification, "served", answer)
    assert Verification("127.0.0.1", 443, 1).failures(many(layout)) == {}
    assert refused == {"host-39.example.com"}


def test_an_address_that_swallows_packets(monkeypatch: pytest.MonkeyPatch, layout: Layout) -> None:
    """Some wait in vain, and nobody after them."""
    monkeypatch.setattr(verification, "_PATIENCE", 0)
    asked = []

    def answer(_address: str, _port: int, name: str, _timeout: float) -> Certificate:
        asked.append(name)
        time.sleep(0.05)
        raise socket.timeout("timed out")

    monkeypatch.setattr(verification, "served", answer)
    hosts = many(layout)
    Verification("192.0.2.1", 443, 1).find_stale(hosts)
    assert all(host.stale and host.served is None for host in hosts)
    assert len(asked) <= 16
    asked.clear()
    failures = Verification("192.0.2.1", 443, 1).failures(hosts)
    assert len(asked) <= 16
    assert list(failures) == [host.name for host in hosts]
    assert all("192.0.2.1 port 443: timed out" in text for text in failures.values())


@pytest.mark.parametrize(
    ("answer", "stale"),
    [(ON_DISK, False), (Certificate(b"old"), True), (ConnectionRefusedError(), True)],
)
def test_stale(
    monkeypatch: pytest.MonkeyPatch, host: Step, answer: Certificate | OSError, stale: bool
) -> None:
    monkeypatch.setattr(verification, "served", Server(answer))
    Verification("127.0.0.1", 443, 1).find_stale([host])
    assert host.stale == stale


def ask(monkeypatch: pytest.MonkeyPatch, host: Step, *answers: str | OSError | None) -> str | None:
    """What is said of answers to challenges."""
    left = list(answers)

    def answer(*_arguments: object) -> str | None:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, OSError):
            raise found
        return found

    monkeypatch.setattr(verification, "served", Server(ON_DISK))
    monkeypatch.setattr(verification, "wrong_answer", answer)
    return Verification("::1", 443, 1, 80, "thumbprint").failures([host]).get(NAME)


def test_challenges(monkeypatch: pytest.MonkeyPatch, host: Step) -> None:
    assert ask(monkeypatch, host, None) is None
    assert ask(monkeypatch, host, "status 404", ConnectionRefusedError(), None) is None
    assert "nginx at ::1 port 80 answers a challenge with status 404" in (
        ask(monkeypatch, host, "status 404") or ""
    )
    refused = ask(monkeypatch, host, ConnectionRefusedError(111, "Connection refused"))
    assert f"no HTTP connection for {NAME} at ::1 port 80: Connection refused" in (refused or "")


def test_challenges_of_a_host_without_a_certificate(
    monkeypatch: pytest.MonkeyPatch, layout: Layout
) -> None:
    monkeypatch.setattr(verification, "_PATIENCE", 0.1)
    bootstrap = step(layout, NAME)
    assert ask(monkeypatch, bootstrap, "status 301") is not None
    assert bootstrap.served is None
    monkeypatch.setattr(verification, "wrong_answer", None)
    assert Verification("127.0.0.1", 443, 1).failures([bootstrap]) == {}
