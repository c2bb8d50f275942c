# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that are found again, and those that are somebody else's."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from bed import process, wait
from bed.errors import BedError
from bed.process import Identity, Process, Program

LONG = ["sleep", "300"]


def program(folder: Path, command: list[str]) -> Program:
    return Program("example", command, folder, folder / "log", {"PATH": "/usr/bin:/bin"})


def test_stopped_and_gone(tmp_path: Path) -> None:
    started = Process(program(tmp_path, LONG), outlives=False)
    assert started.identity.alive()
    process.stop([started.identity], tmp_path)
    assert not started.identity.alive()
    started.reap()


def test_one_that_ignores_the_signal_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PATIENCE", 0.5)
    stubborn = "trap '' TERM; echo ready; while :; do sleep 1; done"
    started = Process(program(tmp_path, ["sh", "-c", stubborn]), outlives=False)
    wait.until(lambda: "ready" in (tmp_path / "log").read_text(), what="ready", timeout=5)
    process.stop([started.identity], tmp_path)
    assert not started.identity.alive()
    started.reap()


def test_children_of_a_dead_leader_are_found(tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = f"sleep 300 & echo $! > {child}.new; mv {child}.new {child}"
    started = Process(program(tmp_path, ["sh", "-c", script]), outlives=True)
    wait.until(child.exists, what="the child", timeout=5)
    started.reap()
    left_over = process.identify("child", int(child.read_text()))
    assert left_over is not None
    assert left_over.alive()
    process.stop([started.identity], tmp_path)
    assert not left_over.alive()


def test_a_number_used_again_is_left_alone(tmp_path: Path) -> None:
    stranger = Process(program(tmp_path, LONG), outlives=False)
    mistaken = dataclasses.replace(stranger.identity, start_time=stranger.identity.start_time - 1)
    assert not mistaken.alive()
    process.stop([mistaken], tmp_path)
    assert stranger.identity.alive()
    process.stop([stranger.identity], tmp_path)
    stranger.reap()


def test_ends_with_the_one_who_started_it(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from bed.process import Process, Program
folder = Path({str(tmp_path)!r})
made = Program("example", {LONG!r}, folder, folder / "log", {{"PATH": "/usr/bin:/bin"}})
started = Process(made, outlives=False).identity
print(started.pid, started.start_time, flush=True)
sys.stdin.read()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"},
    )
    assert parent.stdout is not None
    pid, start_time = parent.stdout.readline().split()
    child = Identity("example", int(pid), int(start_time))
    # setpriv may not have set the signal yet
    wait.until(lambda: "sleep" in Path(f"/proc/{pid}/comm").read_text(), what="sleep", timeout=5)
    assert child.alive()
    parent.kill()
    parent.communicate()
    wait.until(lambda: not child.alive(), what="the child's end", timeout=5)


def test_the_error_quotes_the_log(tmp_path: Path) -> None:
    started = Process(
        program(tmp_path, ["sh", "-c", "echo no such thing >&2; exit 3"]), outlives=True
    )
    wait.until(lambda: not started.identity.alive(), what="its end", timeout=5)
    with pytest.raises(BedError, match=r"example ended with 3:\n.*no such thing"):
        started.check()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BedError, match="make setup"):
        Process(program(tmp_path, ["/nowhere/program"]), outlives=True)
