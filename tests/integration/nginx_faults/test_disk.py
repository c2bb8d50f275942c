# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost on directories that are full, or that cannot be written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import process
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.staging import Staging
from integration.bare_front_end import BareFrontEnd
from integration.disk import Disk
from integration.nginx_faults.sites import changed, errors, hidden, is_sound, stamps

OLD, OLD_TOO, GONE = "a-old.example.com", "b-old.example.com", "c-gone.example.com"
NEW, OFF, FAULTY = "d-new.example.com", "e-off.example.com", "f-faulty.example.com"
THERE = (OLD, OLD_TOO, GONE, OFF)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small file system."""
    mount_point = tmp_path / "disk"
    mount_point.mkdir()
    with Disk(mount_point) as mounted:
        yield mounted


class Small(BareFrontEnd):
    """A front end whose server blocks are on a small file system."""

    def move(self, disk: Disk) -> None:
        """Move the server blocks there, and let nginx read them from there."""
        self.available, self.enabled = disk.path / "available", disk.path / "enabled"
        self.available.mkdir()
        self.enabled.mkdir()
        self.write_config(more=f"include {self.enabled}/*;")


@pytest.fixture
def small(front_end: BareFrontEnd, disk: Disk) -> Small:
    """With four portals."""
    created = Small.__new__(Small)
    created.__dict__.update(front_end.__dict__)
    created.move(disk)
    for name in (*THERE, NEW):
        created.issue(name)
    assert errors(created.apply(vhosts=[{"name": name} for name in THERE])) == {}
    return created


def wanted(faulty: bool = False) -> dict[str, Any]:
    """Something of everything: other blocks, a new one, one that goes, and one that is disabled."""
    broken = [{"name": FAULTY, "state": "bootstrap", "snippet": "access_log /nowhere/at/all;"}]
    return {
        "vhosts": [
            {"name": OLD},
            {"name": OLD_TOO},
            {"name": GONE, "state": "absent"},
            {"name": NEW},
            {"name": OFF, "state": "disabled"},
            *(broken if faulty else []),
        ],
        "client_max_body_size": "1m",
        "catch_all": "present",
    }


def check_put_back(
    front_end: BareFrontEnd, before: dict[str, tuple[Any, ...]], outcome: Outcome
) -> None:
    """Check that what failed is what it was, down to the inode, and the rest is as asked for."""
    after = stamps(front_end)
    for name in errors(outcome):
        mine = {path: stamp for path, stamp in before.items() if name in path}
        assert {path: stamp for path, stamp in after.items() if name in path} == mine, name
    assert hidden(front_end) == []
    assert is_sound(front_end)
    for name in (OLD, OLD_TOO):
        assert front_end.get(name, "/", tls=True)[2] == "the frontend"


def check_converged(front_end: BareFrontEnd) -> None:
    """Check that one run brings everything to where it should be, and a second is silent."""
    healed = front_end.apply(**wanted())
    assert errors(healed) == {}
    assert hidden(front_end) == []
    silent = front_end.apply(**wanted())
    assert (changed(silent), silent.reloaded) == ([], False)
    assert front_end.get(NEW, "/", tls=True)[2] == "the frontend"


@pytest.mark.parametrize("faulty", [False, True], ids=["fine", "faulty"])
@pytest.mark.parametrize("resource", ["pages", "files"])
def test_ever_more_room(small: Small, disk: Disk, resource: str, faulty: bool) -> None:
    """However much is left, everything is either as asked for, or as it was."""
    leave: Callable[[int], None] = disk.leave_pages if resource == "pages" else disk.leave_files
    failures = []
    for amount in range(100):
        disk.leave_all()
        small.apply(vhosts=[{"name": name} for name in THERE], prune=True, catch_all="absent")
        before = stamps(small)
        leave(amount)
        outcome = small.apply(**wanted(faulty))
        found = errors(outcome)
        assert outcome.catch_all is not None
        if faulty:
            found.pop(FAULTY, None)
        for error in found.values():
            assert "cannot write: No space left on device" in error
        check_put_back(small, before, outcome)
        failures.append(len(found) + outcome.catch_all["failed"])
        if not failures[-1]:
            break
    assert failures[0] > 3
    assert failures[-1] == 0
    assert len(failures) > 3
    disk.leave_all()
    check_converged(small)


def test_read_only(small: Small, disk: Disk) -> None:
    before = stamps(small)
    disk.forbid_writing()
    outcome = small.apply(**wanted())
    assert len(errors(outcome)) == 5
    for error in errors(outcome).values():
        assert error.startswith("cannot write: Read-only file system")
        assert error.endswith("; nothing was changed")
    assert stamps(small) == before
    assert not outcome.reloaded
    # What needs no change needs no writing
    assert errors(small.apply(vhosts=[{"name": name} for name in THERE])) == {}
    disk.allow_writing()
    check_converged(small)


def test_full_while_everything_is_put_back(
    small: Small, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Putting back takes no room: what was there is kept until the end."""
    small.write_config(more=f"include {small.enabled}/*; nonsense on;")
    before = stamps(small)
    undo = Staging.undo

    def fill(staging: Staging, steps: Iterable[Step]) -> None:
        disk.leave_pages(0)
        disk.leave_files(0)
        undo(staging, steps)

    monkeypatch.setattr(Staging, "undo", fill)
    outcome = small.apply(**wanted())
    assert len(errors(outcome)) == 5
    assert all("was broken already" in error for error in errors(outcome).values())
    assert stamps(small) == before
    assert hidden(small) == []


def test_read_only_while_it_works(
    small: Small, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be put back: the run says so, and the next one does it."""
    before = small.snapshot()
    # The reload fails, and the file system has an error just then
    command = ["/bin/sh", "-c", "exit 7"]
    ask = process.Nginx._ask_to_reload

    def remount(nginx: process.Nginx) -> None:
        disk.forbid_writing()
        ask(nginx)

    monkeypatch.setattr(process.Nginx, "_ask_to_reload", remount)
    with pytest.raises(NginxError, match="not everything could be put back: Read-only file system"):
        small.apply(reload="command", reload_command=command, **wanted())
    monkeypatch.undo()
    disk.allow_writing()
    assert small.snapshot() != before
    check_converged(small)
