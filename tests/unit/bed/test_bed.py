# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose bed it is, when several are started."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bed import instance, prefix, process, state
from bed.bed import Bed
from bed.errors import BedError
from bed.instance import remove
from bed.layout import Ports
from bed.prefix import Prefix
from bed.process import Identity, Process, Program
from bed.state import State


@pytest.fixture
def own_prefix(monkeypatch: pytest.MonkeyPatch, short_folder: Path) -> Prefix:
    """A prefix without any bed."""
    monkeypatch.setenv("BED_PREFIX", str(short_folder))
    return prefix.find()


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Process]:
    """A process that is not this one."""
    started = long_running("stranger", tmp_path)
    yield started
    process.stop([started.identity], tmp_path)
    started.reap()


def long_running(name: str, folder: Path) -> Process:
    environment = {"PATH": "/usr/bin:/bin"}
    program = Program(name, ["sleep", "300"], folder, folder / "log", environment)
    return Process(program, outlives=False)


def running_bed(own_prefix: Prefix, instance: str, owner: Identity | None) -> Process:
    """A bed of a single program."""
    directory = own_prefix.run / instance
    directory.mkdir(parents=True)
    started = long_running("part", directory)
    State("sqlite", Ports.choose(), owner, (started.identity,), complete=True).save(directory)
    return started


def test_the_bed_of_a_running_process_is_left_alone(own_prefix: Prefix, stranger: Process) -> None:
    part = running_bed(own_prefix, "taken", stranger.identity)
    with pytest.raises(BedError, match=f"'taken' is in use by process {stranger.identity.pid}"):
        Bed("taken").start()
    with pytest.raises(BedError, match="in use"):
        Bed("taken", keep=True).start()
    assert part.identity.alive()
    found = state.load(own_prefix.run / "taken")
    assert found is not None
    assert found.running()
    found.stop(own_prefix.run / "taken")
    part.reap()


@pytest.mark.parametrize("kept", [True, False])
def test_a_kept_bed_and_an_own_one_are_replaced(own_prefix: Prefix, kept: bool) -> None:
    owner = None if kept else process.identify("owner", os.getpid())
    part = running_bed(own_prefix, "old", owner)
    remove(own_prefix, "old")
    part.reap()
    assert not (own_prefix.run / "old").exists()


def test_others_see_whose_it_is_before_anything_runs(
    own_prefix: Prefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = []

    def look(bed: Bed) -> None:
        found = state.load(bed.directory)
        owners.append(found and found.owner)

    monkeypatch.setattr(Bed, "_start", look)
    Bed("new").start()
    assert owners == [process.identify("owner", os.getpid())]


@pytest.mark.usefixtures("own_prefix")
def test_starts_do_not_race_for_the_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = threading.Lock()
    undisturbed = []

    def look_around(_prefix: Prefix) -> None:
        undisturbed.append(alone.acquire(blocking=False))
        time.sleep(0.1)
        alone.release()

    monkeypatch.setattr(instance, "clean_up", look_around)
    monkeypatch.setattr(Bed, "_start", lambda _bed: None)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda number: Bed(f"bed-{number}").start(), range(3)))
    assert undisturbed == [True] * 3
