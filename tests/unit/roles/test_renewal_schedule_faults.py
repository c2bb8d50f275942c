# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the program that the role ``renewal_schedule`` installs runs into, it warns."""

from __future__ import annotations

import errno
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.roles.renewal_run import DANGER, FAILED, LONG_AGO, PROGRAM, UNKNOWN, WELL, Schedule, note


@pytest.fixture
def schedule(tmp_path: Path) -> Schedule:
    return Schedule(tmp_path)


@pytest.mark.parametrize("command", [["/nowhere/ansible-playbook"], ["/etc"]], ids=str)
def test_a_playbook_that_cannot_be_started(schedule: Schedule, command: list[str]) -> None:
    assert schedule.run(note("aster")).returncode == WELL
    done = schedule.run(command=command)
    assert done.returncode == FAILED
    assert f"{command[0]} could not be started: " in done.stderr


def test_an_alert_that_fails_changes_nothing_else(schedule: Schedule) -> None:
    done = schedule.run(note("aster", LONG_AGO), alert=["/nowhere/mail"])
    assert done.returncode == DANGER
    assert "the alert could not be sent: " in done.stderr
    assert schedule.run(note("aster", LONG_AGO), alert=[]).returncode == DANGER


@pytest.mark.parametrize("alert", [["sh", 491701234567], 5, ["sh", "-c", "\0"]], ids=repr)
def test_an_alert_that_is_no_command_changes_nothing_else(
    schedule: Schedule, alert: object
) -> None:
    done = schedule.run(f"{note('aster', LONG_AGO)}; exit 2", alert=alert)
    assert done.returncode == DANGER
    assert "mail.aster on aster: its certificate ends " in done.stderr
    assert "the alert could not be sent: " in done.stderr
    assert "Traceback" not in done.stderr


def number_in_the_command(_schedule: Schedule) -> dict[str, Any]:
    return {"command": ["true", "--forks", 20]}


def number_in_the_environment(_schedule: Schedule) -> dict[str, Any]:
    return {"environment": {"ANSIBLE_FORKS": 20}}


def no_lock(schedule: Schedule) -> dict[str, Any]:
    (schedule.state / "lock").unlink()
    (schedule.state / "lock").mkdir()
    return {}


def no_log(schedule: Schedule) -> dict[str, Any]:
    return {"log": str(schedule.directory)}


@pytest.mark.parametrize(
    "fault", [number_in_the_command, number_in_the_environment, no_lock, no_log]
)
def test_danger_is_told_whatever_keeps_a_run_from_renewing(
    schedule: Schedule, fault: Callable[[Schedule], dict[str, Any]]
) -> None:
    assert schedule.run(note("aster", LONG_AGO)).returncode == DANGER
    schedule.alert.unlink()
    done = schedule.run(**fault(schedule))
    assert done.returncode == DANGER
    assert "mail.aster on aster: " in schedule.alert.read_text()
    assert "renewal: the run broke off: " in done.stderr or "the log " in done.stderr
    assert "Traceback" not in done.stderr


def test_without_its_folder_nobody_can_tell(schedule: Schedule) -> None:
    schedule.state.rmdir()
    done = schedule.run(note("aster"))
    assert done.returncode == DANGER
    told = schedule.alert.read_text()
    assert UNKNOWN in told
    assert f"the run broke off: [Errno 2] No such file or directory: '{schedule.state}" in told


def test_a_full_disk_keeps_nobody_from_being_told(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert schedule.run(note("aster")).returncode == WELL

    def full(**_where: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    monkeypatch.setattr(sys, "argv", schedule.words("touch begun")[1:])
    assert runpy.run_path(str(PROGRAM))["main"]() == FAILED
    said = "renewal: the run broke off: [Errno 28] No space left on device\n"
    assert capfd.readouterr().err == said
    for path in (schedule.state / "notes").iterdir():
        path.unlink()
    assert runpy.run_path(str(PROGRAM))["main"]() == DANGER
    assert UNKNOWN in schedule.alert.read_text()
    assert "No space left on device" in schedule.alert.read_text()


def test_a_run_without_a_log_renews(schedule: Schedule) -> None:
    done = schedule.run(f"{note('aster')}; echo out", log=str(schedule.directory))
    assert (done.returncode, done.stdout) == (FAILED, "out\n")
    assert "the log could not be opened: " in done.stderr
    assert schedule.run("true", "--watch", log=str(schedule.directory)).returncode == WELL


@pytest.mark.parametrize(
    "text", ["", "[1]", "{}", '{"host": "briar", "certificates": [{}]}', "\udcff", "[" * 99999]
)
@pytest.mark.parametrize("arguments", [[], ["--watch"]], ids=str)
def test_a_note_that_cannot_be_read_hides_no_other_danger(
    schedule: Schedule, arguments: list[str], text: str
) -> None:
    assert schedule.run(note("cedar", LONG_AGO)).returncode == DANGER
    broken = schedule.state / "notes" / "briar.json"
    broken.write_text(text, errors="surrogateescape")
    done = schedule.run("exit 2", *arguments)
    assert done.returncode == DANGER
    told = schedule.alert.read_text()
    assert f"{broken} cannot be read, so nobody knows how long certificates last: " in told
    assert "mail.cedar on cedar: its certificate ends " in told
    assert "Traceback" not in done.stderr
    # The next run that comes to the host mends it
    assert schedule.run(f"{note('briar')}; {note('cedar')}").returncode == WELL


def test_an_alert_is_sent_though_nobody_hears_what_is_said(schedule: Schedule) -> None:
    words = schedule.words(note("aster", LONG_AGO))
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stderr=full, check=False, timeout=60)
    assert done.returncode == DANGER
    assert "mail.aster on aster: " in schedule.alert.read_text()


def test_without_its_file_it_says_which_is_missing(schedule: Schedule) -> None:
    words = [*schedule.words("true")[:-1], str(schedule.directory / "none.json")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == FAILED
    assert "none.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_a_file_that_cannot_be_read_it_says_so(schedule: Schedule) -> None:
    words = schedule.words("true")
    Path(words[-1]).write_text("{")
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == FAILED
    assert f"{words[-1]} cannot be read: " in done.stderr
    assert "Traceback" not in done.stderr
