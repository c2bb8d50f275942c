# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost: what goes wrong is undone, and runs that meet or die do no harm."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.lock import locked
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from bed import wait
from integration.front_end import ADDRESS, FrontEnd
from integration.nginx_vhost_run import (
    break_block,
    changed,
    errors,
    running_front_end,
    states,
)


@pytest.fixture
def front_end() -> Iterator[FrontEnd]:
    """A running nginx of the test's own."""
    with running_front_end() as running:
        yield running


# Faults


def test_one_bad_block_among_many(front_end: FrontEnd) -> None:
    names = [f"{letter}.example.com" for letter in "abcdefgh"]
    victim = "d.example.com"
    for name in names:
        front_end.issue(name)
    hosts = [{"name": name} for name in names]
    front_end.apply(name=victim)
    before = {path: content for path, content in front_end.snapshot().items() if victim in path}
    outcome = front_end.apply(vhosts=hosts, client_max_body_size="1m", edit=break_block(victim))
    assert list(errors(outcome)) == [victim]
    assert 'unknown directive "srever_name"' in errors(outcome)[victim]
    assert f"{victim}.conf" in errors(outcome)[victim]
    after = front_end.snapshot()
    assert {path: after[path] for path in before} == before
    assert len(after) == 2 * len(names)
    for name in names:
        assert front_end.get(name, "/", tls=True)[2] == "the frontend"
    again = front_end.apply(vhosts=hosts, client_max_body_size="1m", edit=break_block(victim))
    assert errors(again) == errors(outcome)
    assert not any(changed(again).values())


def test_a_fault_that_nginx_blames_on_another_file(front_end: FrontEnd) -> None:
    """The later of two files that do not go together is blamed, whichever is new."""
    front_end.apply(name="b.example.com", state="bootstrap")

    def conflict(rendered: dict[str, dict[str, str]]) -> None:
        zone = "limit_req_zone $uri zone=one:1m rate=1r/s;\n"
        rendered["a.example.com"]["bootstrap"] += zone.replace("1m", "2m")

    (front_end.enabled / "z.conf").write_text("limit_req_zone $uri zone=one:1m rate=1r/s;\n")
    front_end.apply(name="b.example.com", state="bootstrap")
    outcome = front_end.apply(
        vhosts=[{"name": "a.example.com"}, {"name": "c.example.com"}],
        state="bootstrap",
        edit=conflict,
    )
    assert list(errors(outcome)) == ["a.example.com"]
    assert states(outcome)["c.example.com"] == "bootstrap"


def test_a_name_that_is_served_already(front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    front_end.apply(name="a.example.com", names=["b.example.com"])
    front_end.issue("0.example.com")
    before = front_end.snapshot()
    outcome = front_end.apply(name="0.example.com", names=["b.example.com"])
    assert "claims the name b.example.com already" in errors(outcome)["0.example.com"]
    assert "a.example.com.conf" in errors(outcome)["0.example.com"]
    assert front_end.snapshot() == before


def test_broken_before(front_end: FrontEnd) -> None:
    front_end.apply(name="a.example.com", state="bootstrap")
    with front_end.config.open("a") as config:
        config.write("nonsense on;\n")
    before = front_end.snapshot()
    stamps = {path: path.stat().st_mtime_ns for path in front_end.available.iterdir()}
    hosts = [{"name": "a.example.com", "names": ["www.a.example.com"]}, {"name": "b.example.com"}]
    for check in (True, False):
        outcome = front_end.apply(check, vhosts=hosts, state="bootstrap")
        assert len(errors(outcome)) == 2
        for error in errors(outcome).values():
            assert "was broken already, so nothing was changed" in error
            assert 'unknown directive "nonsense"' in error
        assert front_end.snapshot() == before
        assert {path: path.stat().st_mtime_ns for path in front_end.available.iterdir()} == stamps
    # What needs no change needs no reload either
    assert errors(front_end.apply(name="a.example.com", state="bootstrap")) == {}


def test_a_reload_that_nginx_refuses(front_end: FrontEnd) -> None:
    """nginx -t cannot see this: the port is taken by another program."""
    front_end.issue("a.example.com")
    front_end.apply(name="a.example.com")
    before = front_end.snapshot()
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = front_end.apply(name="a.example.com", http_port=port, timeout=2)
    assert "kept its old configuration" in errors(outcome)["a.example.com"]
    assert front_end.snapshot() == before
    assert front_end.get("a.example.com", "/", tls=True)[2] == "the frontend"


def test_not_running(front_end: FrontEnd) -> None:
    front_end.stop()
    for check in (True, False):
        outcome = front_end.apply(check, name="a.example.com", state="bootstrap")
        assert "nginx is not running" in errors(outcome)["a.example.com"]
        assert front_end.snapshot() == {}


def test_nobody_at_the_address(front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    outcome = front_end.apply(name="a.example.com", verify_address="127.0.0.9")
    assert "127.0.0.9" in errors(outcome)["a.example.com"]
    assert "verify_address" in errors(outcome)["a.example.com"]
    assert front_end.snapshot() == {}


def test_a_directory_that_nginx_does_not_read(front_end: FrontEnd) -> None:
    front_end.write_config()
    text = front_end.config.read_text()
    front_end.config.write_text(text.replace("include", "# include"))
    outcome = front_end.apply(name="a.example.com", state="bootstrap")
    error = errors(outcome)["a.example.com"]
    assert f"nginx does not read {front_end.enabled}/a.example.com.conf" in error
    assert front_end.snapshot() == {}


def test_a_long_name_and_the_hint(front_end: FrontEnd) -> None:
    name = f"{'a' * 60}.{'b' * 60}.example.com"
    outcome = front_end.apply(vhosts=[{"name": name}, {"name": "b.example.com"}], state="bootstrap")
    assert list(errors(outcome)) == [name]
    assert "raise server_names_hash_bucket_size" in errors(outcome)[name]


@pytest.mark.parametrize("state", ["present", "bootstrap", "disabled", "absent"])
def test_a_foreign_file(front_end: FrontEnd, state: str) -> None:
    front_end.issue("a.example.com")
    file = front_end.available / "a.example.com.conf"
    file.write_text("# by hand\n")
    outcome = front_end.apply(name="a.example.com", state=state)
    assert "was not written by this collection" in errors(outcome)["a.example.com"]
    assert front_end.snapshot() == {str(file): b"# by hand\n"}


def test_a_directory_without_links(front_end: FrontEnd) -> None:
    conf_d: dict[str, Any] = {"sites_available": str(front_end.enabled), "sites_enabled": ""}
    front_end.issue("a.example.com")
    assert errors(front_end.apply(name="a.example.com", **conf_d)) == {}
    assert [path.name for path in front_end.enabled.iterdir()] == ["a.example.com.conf"]
    assert front_end.get("a.example.com", "/", tls=True)[2] == "the frontend"
    front_end.apply(name="a.example.com", state="absent", **conf_d)
    assert list(front_end.enabled.iterdir()) == []


def test_reload_by_a_command(front_end: FrontEnd) -> None:
    command = [str(front_end.binary), "-p", str(front_end.directory)]
    command += ["-c", str(front_end.config), "-s", "reload"]
    by_command: dict[str, Any] = {"reload": "command", "reload_command": command}
    outcome = front_end.apply(name="a.example.com", state="bootstrap", **by_command)
    assert errors(outcome) == {}
    assert front_end.get("a.example.com", "/")[0] == 503


# Runs that meet, and runs that die


def test_two_runs_at_once(front_end: FrontEnd) -> None:
    names = [f"{letter}.example.com" for letter in "abcd"]
    outcomes: list[Outcome] = []

    def apply(name: str) -> None:
        outcomes.append(front_end.apply(name=name, state="bootstrap"))

    runs = [threading.Thread(target=apply, args=(name,)) for name in names]
    with locked(front_end.available):
        for run in runs:
            run.start()
        time.sleep(0.2)
        assert outcomes == []
    for run in runs:
        run.join()
    assert all(errors(outcome) == {} for outcome in outcomes)
    assert len(outcomes) == len(front_end.snapshot()) / 2 == len(names)
    assert all(front_end.get(name, "/")[0] == 503 for name in names)


KILLED = """
import sys
from pathlib import Path
from integration.front_end import FrontEnd
front_end = FrontEnd.__new__(FrontEnd)
front_end.__dict__.update({fields!r} | {{name: Path(path) for name, path in {paths!r}.items()}})
front_end.apply(state="bootstrap", vhosts=[{{"name": f"h{{i}}.example.com"}} for i in range(40)])
"""


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.02, 0.04, 0.08, 0.12])
def test_a_run_that_is_killed(front_end: FrontEnd, moment: float) -> None:
    """At some moment after the first thing it writes."""
    fields = {"http_port": front_end.http_port, "https_port": front_end.https_port}
    paths = {name: str(value) for name, value in vars(front_end).items() if isinstance(value, Path)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED.format(fields=fields, paths=paths)],
        env={"PYTHONPATH": ":".join(entry for entry in sys.path if entry)},
    ) as process:
        wait.until(lambda: any(front_end.available.iterdir()), what="it writes", timeout=60)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
    hosts = [{"name": f"h{number}.example.com"} for number in range(40)]
    outcome = front_end.apply(vhosts=hosts, state="bootstrap")
    assert errors(outcome) == {}
    assert outcome.recovered or not outcome.reloaded, "it was killed before its end, or was not"
    assert len(front_end.snapshot()) == 80
    assert all(front_end.get(host["name"], "/")[0] == 503 for host in hosts)
    assert not front_end.apply(vhosts=hosts, state="bootstrap").reloaded
