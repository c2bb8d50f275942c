# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the same directories at once, also when one of them is killed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import lock
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from integration.bare_front_end import BareFrontEnd
from integration.nginx_faults.events import child
from integration.nginx_faults.sites import changed, errors, hidden

NAMES = [f"{letter}.example.com" for letter in "abcdefgh"]
SLOW = ["/bin/sh", "-c", 'sleep 1; exec "$0" "$@"']
MANY_EVENTS = 2000


def slow_reload(front_end: BareFrontEnd) -> dict[str, Any]:
    """A reload that takes a second."""
    command = [str(front_end.binary), "-p", str(front_end.directory), "-c", str(front_end.config)]
    return {"reload": "command", "reload_command": [*SLOW, *command, "-s", "reload"]}


def test_different_hosts(front_end: BareFrontEnd) -> None:
    for name in NAMES:
        front_end.issue(name)
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(
            threads.map(lambda name: front_end.apply(name=name, timeout=10), NAMES),
        )
    assert [errors(outcome) for outcome in outcomes] == [{}] * len(NAMES)
    assert [changed(outcome) for outcome in outcomes] == [[name] for name in NAMES]
    for name in NAMES:
        assert front_end.get(name, "/", tls=True)[2] == "the frontend"
    assert hidden(front_end) == []


def test_the_same_hosts(front_end: BareFrontEnd) -> None:
    """One does it, and the other finds that nothing is left to do."""
    wanted: dict[str, Any] = {
        "vhosts": [{"name": name, "state": "bootstrap"} for name in NAMES],
        "catch_all": "present",
    }
    with ThreadPoolExecutor(2) as threads:
        outcomes: list[Outcome] = list(
            threads.map(lambda _run: front_end.apply(timeout=10, **wanted), range(2))
        )
    assert [errors(outcome) for outcome in outcomes] == [{}, {}]
    assert sorted(len(changed(outcome)) for outcome in outcomes) == [0, len(NAMES)]
    assert sorted(outcome.reloaded for outcome in outcomes) == [False, True]


def test_one_that_waits_in_vain(front_end: BareFrontEnd) -> None:
    """It says who is in the way, and has touched nothing. Check mode need not wait."""
    first = threading.Thread(
        target=lambda: front_end.apply(
            name=NAMES[0], state="bootstrap", timeout=10, **slow_reload(front_end)
        )
    )
    first.start()
    try:
        while not hidden(front_end):
            time.sleep(0.01)
        with (
            pytest.raises(NginxError, match="another run is at work in"),
            lock.locked(front_end.available, patience=0.2),
        ):
            pass
        assert errors(front_end.apply(check=True, name=NAMES[1], state="bootstrap")) == {}
    finally:
        first.join()
    assert front_end.get(NAMES[0], "/")[0] == 503


@pytest.mark.parametrize("event", [10, 25, 45])
def test_one_that_is_killed_while_another_waits(front_end: BareFrontEnd, event: int) -> None:
    """Its lock ends with it; the other puts back what it left, and does its own."""
    hosts = [{"name": name, "state": "bootstrap"} for name in NAMES]
    killed = child(
        event,
        front_end.directory,
        lambda: front_end.apply(vhosts=hosts, timeout=10),
    )
    waiting = child(
        MANY_EVENTS,
        front_end.directory,
        lambda: front_end.apply(vhosts=hosts[:3], timeout=10),
    )
    died, ended = killed.wait().last, waiting.wait().last
    assert died is not None
    assert ended is None
    # Whichever of the two came first, one more run has all of them
    assert errors(front_end.apply(vhosts=hosts)) == {}
    assert hidden(front_end) == []
    assert [front_end.get(name, "/")[0] for name in NAMES] == [503] * len(NAMES)
    assert not front_end.apply(vhosts=hosts).reloaded
