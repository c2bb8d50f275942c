# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program that the role ``renewal_schedule`` installs does with a run."""

from __future__ import annotations

import os
import pwd
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from unit.roles.renewal_run import (
    DANGER,
    FAILED,
    FAR_AWAY,
    LONG_AGO,
    PROGRAM,
    UNKNOWN,
    WELL,
    Schedule,
    note,
)


@pytest.fixture
def schedule(tmp_path: Path) -> Schedule:
    return Schedule(tmp_path)


def test_all_is_well(schedule: Schedule) -> None:
    done = schedule.run(f"{note('aster')}; echo $TOKEN in $PWD")
    assert done.returncode == WELL
    assert done.stdout == f"sesame in {schedule.directory}\n"
    assert done.stderr == ""
    assert not schedule.alert.exists()
    # Nothing is left but what is to be known later
    assert {path.name for path in schedule.state.iterdir()} == {"lock", "notes"}


def test_a_run_that_fails_is_no_danger_while_certificates_last(schedule: Schedule) -> None:
    done = schedule.run(f"{note('aster')}; exit 2")
    assert (done.returncode, done.stderr) == (FAILED, "renewal: the run ended with status 2\n")
    assert not schedule.alert.exists()


def test_danger_is_told_with_its_reason(schedule: Schedule) -> None:
    done = schedule.run(f"{note('aster', LONG_AGO)}; {note('briar')}; exit 2")
    assert done.returncode == DANGER
    told = schedule.alert.read_text()
    assert f"mail.aster on aster: its certificate ends {FAR_AWAY}\n" in told
    assert "the run ended with status 2" in told
    assert "briar" not in told
    assert told.strip() in done.stderr


def test_danger_comes_though_no_run_gets_so_far_any_more(schedule: Schedule) -> None:
    soon = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 2))}"
    assert schedule.run(note("aster", soon)).returncode == WELL
    time.sleep(2.5)
    assert schedule.run("exit 4").returncode == DANGER
    assert schedule.run("true", "--watch").returncode == DANGER


def test_no_certificate_at_all_is_danger(schedule: Schedule) -> None:
    done = schedule.run(note("aster", LONG_AGO, None))
    assert done.returncode == DANGER
    assert "mail.aster on aster: it has no certificate" in done.stderr


def test_where_nothing_was_ever_noted_a_failure_is_danger(schedule: Schedule) -> None:
    done = schedule.run("true")
    assert done.returncode == WELL
    assert UNKNOWN in done.stderr
    assert not schedule.alert.exists()
    done = schedule.run("exit 1")
    assert done.returncode == DANGER
    assert UNKNOWN in schedule.alert.read_text()


def test_who_only_watches_is_not_told_that_all_is_well_where_nothing_was_ever_noted(
    schedule: Schedule,
) -> None:
    watched = schedule.run("touch renewed", "--watch")
    assert watched.returncode == DANGER
    assert UNKNOWN in watched.stderr
    assert UNKNOWN in schedule.alert.read_text()
    assert not (schedule.directory / "renewed").exists()
    assert schedule.run(note("aster")).stderr == ""
    assert schedule.run("true", "--watch").returncode == WELL


def test_hosts_that_are_gone_are_forgotten_by_a_whole_run(schedule: Schedule) -> None:
    assert schedule.run(f"{note('aster')}; {note('gone', LONG_AGO)}").returncode == DANGER
    assert schedule.run(f"{note('aster')}; exit 2").returncode == DANGER
    assert schedule.run(note("aster")).returncode == WELL


def test_runs_do_not_overlap(schedule: Schedule) -> None:
    words = schedule.words(f"{note('aster', LONG_AGO)}; echo $$ >begun; exec sleep 30")
    begun = schedule.directory / "begun"
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as first:
        try:
            while not (begun.exists() and begun.read_text()):
                time.sleep(0.05)
            second = schedule.run("touch overlapped")
            assert second.returncode == WELL
            assert "another run is under way" in second.stderr
            first.kill()
            first.wait()
            # Who did the run is gone, but the playbook is not
            assert "another run is under way" in schedule.run("touch overlapped").stderr
            assert not (schedule.directory / "overlapped").exists()
        finally:
            os.kill(int(begun.read_text()), signal.SIGKILL)
    while "another run is under way" in schedule.run("touch overlapped").stderr:
        time.sleep(0.1)
    assert (schedule.directory / "overlapped").exists()


def test_a_run_that_takes_too_long_is_stopped_with_all_that_it_started(schedule: Schedule) -> None:
    playbook = f"{note('aster')}; (sleep 2; touch survived) & sleep 60"
    done = schedule.run(playbook, timeout=1)
    assert (done.returncode, done.stderr) == (
        FAILED,
        "renewal: the run was stopped after 1 seconds\n",
    )
    time.sleep(1.5)
    assert not (schedule.directory / "survived").exists()
    # What it noted until then counts
    assert schedule.run("exit 1").returncode == FAILED


def test_with_a_log_only_what_is_wrong_is_printed(schedule: Schedule) -> None:
    log = schedule.directory / "log"
    for _run in range(2):
        done = schedule.run(f"{note('aster')}; echo out; echo error >&2", log=str(log))
        assert (done.stdout, done.stderr) == ("", "")
    assert log.read_text() == "out\nerror\n" * 2


def test_it_begins_after_a_random_delay(schedule: Schedule) -> None:
    begun = time.monotonic()
    assert schedule.run("true", "--random-delay", "0.2").returncode == WELL
    assert time.monotonic() - begun < 30


def test_a_schedule_that_is_taken_away_in_the_delay_leaves_nothing(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    log = schedule.directory / "log"
    words = schedule.words("touch begun", ["--random-delay", "1"], log=str(log))

    def take_away(_seconds: float) -> None:
        Path(words[-1]).unlink()
        schedule.state.rmdir()

    monkeypatch.setattr(sys, "argv", words[1:])
    monkeypatch.setattr(time, "sleep", take_away)
    assert runpy.run_path(str(PROGRAM))["main"]() == WELL
    assert list(schedule.directory.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has files of others")
@pytest.mark.parametrize("arguments", [[], ["--watch"]], ids=str)
def test_another_user_is_told_who_may_do_this(schedule: Schedule, arguments: list[str]) -> None:
    words = schedule.words(note("aster"), arguments)
    for owner, name in ((pwd.getpwnam("nobody").pw_uid, "nobody"), (54321, "'#54321'")):
        os.chown(words[-1], owner, -1)
        # Root is another one, too: it could write, and nobody else afterwards
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == FAILED
        assert f"sudo -u {name} {PROGRAM} {' '.join([*arguments, words[-1]])}\n" in done.stderr
        assert list(schedule.state.iterdir()) == []
