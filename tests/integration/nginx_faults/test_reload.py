# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reloads that fail, though nginx takes the configuration when it tests it."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS
from integration.nginx_faults.sites import changed, errors, hidden, is_sound, prediction, stamps

OLD, NEW, RENEWED = "a-old.example.com", "b-new.example.com", "c-renewed.example.com"
HOSTS = [{"name": OLD}, {"name": NEW}, {"name": RENEWED}]
WANTED: dict[str, Any] = {
    "vhosts": HOSTS,
    "client_max_body_size": "1m",
    "catch_all": "present",
}


@pytest.fixture
def portals(front_end: BareFrontEnd) -> BareFrontEnd:
    """With two portals, of which one has a certificate that is not served yet."""
    for name in (OLD, NEW, RENEWED):
        front_end.issue(name)
    assert errors(front_end.apply(vhosts=[{"name": OLD}, {"name": RENEWED}])) == {}
    front_end.issue(RENEWED)
    return front_end


def check_refused(front_end: BareFrontEnd, words: str, **options: Any) -> None:
    """Check that nothing has changed, on disk or in nginx, and that the next run can do it."""
    before, served = stamps(front_end), front_end.serial(RENEWED)
    outcome = front_end.apply(**{**WANTED, **options})
    assert list(errors(outcome)) == [OLD, NEW, RENEWED]
    for error in errors(outcome).values():
        assert words in error
    assert outcome.catch_all is not None
    assert words in outcome.catch_all["error"]
    assert (changed(outcome), outcome.diff) == ([], [])
    assert stamps(front_end) == before
    assert hidden(front_end) == []
    assert is_sound(front_end)
    assert front_end.get(OLD, "/", tls=True)[2] == "the frontend"
    assert front_end.serial(RENEWED) == served


def check_healed(front_end: BareFrontEnd) -> None:
    """Check that the next run does it."""
    outcome = front_end.apply(**WANTED)
    assert (errors(outcome), outcome.reloaded) == ({}, True)
    assert {OLD, NEW} <= set(changed(outcome))
    assert front_end.get(NEW, "/", tls=True)[2] == "the frontend"


def test_a_port_that_is_taken(portals: BareFrontEnd) -> None:
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        before, served = stamps(portals), portals.serial(RENEWED)
        outcome = portals.apply(**{**WANTED, "vhosts": HOSTS[:2], "http_port": port, "timeout": 2})
    assert list(errors(outcome)) == [OLD, NEW]
    assert all("kept its old configuration" in error for error in errors(outcome).values())
    for error in errors(outcome).values():
        assert f"bind() to {ADDRESS}:{port} failed (98: Address already in use)" in error
        assert "another program has the port" in error
    assert stamps(portals) == before
    assert portals.get(OLD, "/", tls=True)[2] == "the frontend"
    check_healed(portals)
    assert portals.serial(RENEWED) != served


def test_all_addresses_where_nginx_has_single_ones(portals: BareFrontEnd) -> None:
    """nginx opens the new sockets before it closes the old ones, and finds itself in the way."""
    outcome = portals.apply(**{**WANTED, "listen_addresses": ["*"], "timeout": 3})
    assert list(errors(outcome)) == [OLD, NEW, RENEWED]
    for error in errors(outcome).values():
        assert "failed (98: Address already in use)" in error
        assert "restart nginx once, or have listen_addresses name the same ones" in error
    assert portals.get(OLD, "/", tls=True)[2] == "the frontend"


def test_a_renewed_certificate_gets_in(portals: BareFrontEnd) -> None:
    """Its block is what it was, and nginx takes it once the others are put back."""
    hosts = [{"name": NEW, "snippet": "keepalive_timeout 5;"}, {"name": RENEWED}]
    calls = portals.directory / "calls"
    # The first reload fails, the second does not
    script = f'echo >> {calls}; [ $(wc -l < {calls}) -gt 1 ] || exit 1; kill -HUP "$0"'
    assert portals.process is not None
    command = ["/bin/sh", "-c", script, str(portals.process.pid)]
    served = portals.serial(RENEWED)
    outcome = portals.apply(vhosts=hosts, reload="command", reload_command=command)
    assert (list(errors(outcome)), changed(outcome)) == ([NEW], [RENEWED])
    assert outcome.reloaded
    assert portals.serial(RENEWED) != served


def test_a_command_that_fails(portals: BareFrontEnd) -> None:
    """As systemctl does when the unit's own command fails."""
    failing = ["/bin/sh", "-c", "echo Job for nginx.service failed. >&2; exit 1"]
    words = "failed (1): Job for nginx.service failed."
    check_refused(portals, words, reload="command", reload_command=failing)
    check_healed(portals)


def test_a_command_that_does_nothing(portals: BareFrontEnd) -> None:
    words = "started no new workers within 1 seconds"
    check_refused(portals, words, reload="command", reload_command=["/bin/true"], timeout=1)
    check_healed(portals)


def test_a_command_that_is_not_there(portals: BareFrontEnd) -> None:
    words = "/nowhere/reload cannot be run"
    check_refused(portals, words, reload="command", reload_command=["/nowhere/reload"])
    check_healed(portals)


def test_a_master_that_is_stopped(portals: BareFrontEnd) -> None:
    """It does not hear the signal in time, and takes what is on disk once it does."""
    assert portals.process is not None
    portals.process.send_signal(signal.SIGSTOP)
    check_refused(portals, "started no new workers", timeout=1)
    portals.process.send_signal(signal.SIGCONT)
    check_healed(portals)


@pytest.mark.parametrize("pid", ["stopped", "no file", "rubbish", "somebody else"])
def test_not_running(portals: BareFrontEnd, pid: str) -> None:
    if pid == "stopped":
        portals.stop()
    file = Path(portals.directory / "nginx.pid")
    if pid == "no file":
        file.unlink()
    elif pid != "stopped":
        file.write_text("nothing" if pid == "rubbish" else f"{os.getpid()}\n")
    before = stamps(portals)
    predicted = portals.apply(check=True, **WANTED)
    outcome = portals.apply(**WANTED)
    assert prediction(outcome) == prediction(predicted)
    assert list(errors(outcome)) == [OLD, NEW, RENEWED]
    assert all("nginx is not running" in error for error in errors(outcome).values())
    assert stamps(portals) == before
