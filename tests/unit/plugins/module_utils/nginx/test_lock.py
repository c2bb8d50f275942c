# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.lock import (
    locked,
    patience,
)

HOLD = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(descriptor, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


def test_another_run_is_refused_in_the_end(tmp_path: Path) -> None:
    with (
        locked(tmp_path),
        pytest.raises(NginxError, match="another run is at work"),
        locked(tmp_path, patience=0),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_run_waits_for_the_other(tmp_path: Path) -> None:
    entered = threading.Event()

    def enter() -> None:
        with locked(tmp_path, patience=10):
            entered.set()

    with locked(tmp_path):
        other = threading.Thread(target=enter)
        other.start()
        assert not entered.wait(0.3)
    other.join()
    assert entered.is_set()


def test_a_killed_run_locks_nobody_out(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(NginxError), locked(tmp_path, patience=0):
            pass
        holder.kill()
        holder.wait()
        with locked(tmp_path, patience=0):
            pass


def test_who_has_many_hosts_waits_longer() -> None:
    """They have raised the timeout, since nginx takes that long to load their configuration."""
    assert patience(10) == 60
    assert patience(60) == 360
