# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a server that provisions by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    VirtualHost,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_wait import (
    Waiting,
)
from unit.plugins.module_utils.modoboa.convergence import item, run
from unit.plugins.module_utils.modoboa.server import Server

NAME = "mail.a.example"
PENDING = VirtualHost(NAME)
READY = VirtualHost(NAME, status="ready")
FAILED = VirtualHost(NAME, status="failed", error="no address")


class Clockwork:
    """A server that shows one thing after the other, and a clock that only sleeping moves."""

    def __init__(self, *looks: VirtualHost | Exception | None) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._looks: Iterator[VirtualHost | Exception | None] = iter(looks)

    def look(self) -> dict[str, VirtualHost]:
        """Read what comes next."""
        seen = next(self._looks)
        if isinstance(seen, Exception):
            raise seen
        return {} if seen is None else {NAME: seen}

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.pauses.append(seconds)
        self.now += seconds

    def wait(
        self, host: VirtualHost, timeout: float = 60, *, retried: bool = False
    ) -> tuple[dict[str, VirtualHost], dict[str, str]]:
        """Wait for the one."""
        waiting = Waiting(self.look, timeout, sleep=self.sleep, clock=lambda: self.now)
        return waiting.until_ready([NAME], {NAME: host}, [NAME] if retried else [])


def test_it_looks_less_and_less_often_until_all_are_ready() -> None:
    clockwork = Clockwork(*[PENDING] * 5, READY)
    assert clockwork.wait(PENDING) == ({NAME: READY}, {})
    assert clockwork.pauses == [1, 2, 4, 8, 15, 15]


def test_one_that_fails_is_not_waited_for_any_longer() -> None:
    clockwork = Clockwork(PENDING, FAILED)
    _hosts, problems = clockwork.wait(PENDING)
    assert problems == {NAME: "provisioning failed: no address"}
    assert Clockwork().wait(FAILED)[1] == problems


def test_the_failure_from_before_a_retry_does_not_count() -> None:
    assert Clockwork(FAILED, PENDING, READY).wait(FAILED, retried=True)[1] == {}
    clockwork = Clockwork(FAILED, FAILED, FAILED)
    assert NAME in clockwork.wait(FAILED, retried=True)[1]
    assert clockwork.now == 7


def test_time_is_up() -> None:
    clockwork = Clockwork(*[PENDING] * 3)
    _hosts, problems = clockwork.wait(PENDING, timeout=5)
    assert "still pending after 5 seconds" in problems[NAME]
    assert clockwork.pauses == [1, 2, 2]


def test_no_time_at_all_is_one_look_at_what_is_known() -> None:
    assert NAME in Clockwork().wait(PENDING, timeout=0)[1]


def test_a_server_that_restarts_is_asked_again() -> None:
    away = [errors.ServerUnavailableError("502"), errors.ServerUnreachableError("refused")]
    assert Clockwork(*away, READY).wait(PENDING) == ({NAME: READY}, {})
    problem = Clockwork(*away).wait(PENDING, timeout=3)[1][NAME]
    assert "still pending after 3 seconds" in problem
    assert problem.endswith("(the last look failed: refused)")
    problem = Clockwork(*away, PENDING).wait(PENDING, timeout=5)[1][NAME]
    assert "look failed" not in problem


def test_credentials_that_are_refused_end_it() -> None:
    with pytest.raises(errors.AuthenticationError):
        Clockwork(errors.AuthenticationError("401")).wait(PENDING)


def test_one_that_disappears() -> None:
    assert "disappeared" in Clockwork(None).wait(PENDING)[1][NAME]


def published(status: str) -> Server:
    """A server that provisions by itself."""
    server = Server(["a.example"])
    server.cut_down()
    if status:
        server.add(NAME, "a.example", status=status, error="no" if status == "failed" else "")
    return server


@pytest.mark.parametrize("status", ["", "pending", "failed"])
def test_what_the_server_does_is_no_change_of_the_task(status: str) -> None:
    server = published(status)
    server.jobs = [lambda: None, lambda: None, lambda: None]
    server.jobs.append(lambda: server.hosts[NAME].update(status="ready", error=""))
    wanted = item(NAME, "a.example")
    predicted = run(published(status), wanted, check=True, retry=True, wait=60)[0]
    done = run(server, wanted, retry=True, wait=60)[0]
    assert done.error is None
    assert done.facts["status"] == "ready"
    assert (predicted.before, predicted.after) == (done.before, done.after)
    assert done.changed is (status != "pending")
    again = run(server, wanted, retry=True, wait=60)[0]
    assert not again.changed
    assert server.log == ["GET virtualhosts/"]


@pytest.mark.parametrize("check", [True, False])
def test_failed_one_that_is_not_tried_again_is_an_error_at_once(check: bool) -> None:
    server = published("failed")
    (outcome,) = run(server, item(NAME, "a.example"), wait=60, check=check)
    assert outcome.error == "provisioning failed: no"
    assert server.log.count("GET virtualhosts/") == 1


@pytest.mark.parametrize("check", [True, False])
def test_nobody_waits_where_others_provision(check: bool) -> None:
    server = Server()
    server.add(NAME)
    warnings: list[str] = []
    (outcome,) = run(server, item(NAME), wait=60, check=check, warnings=warnings)
    assert outcome.error is None
    assert ["leaves provisioning to others" in text for text in warnings] == [True]


def test_nobody_waits_for_what_is_closed_or_failed_already() -> None:
    server = published("pending")
    closed, bad = run(
        server, item(NAME, state="disabled"), item("mail.b.example", "no.example"), wait=60
    )
    assert closed.error is None
    assert "no mail domain no.example" in str(bad.error)
