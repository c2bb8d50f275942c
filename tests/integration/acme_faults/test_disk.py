# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert on a storage that is full, or that cannot be written."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from bed.acme_bed import AcmeBed
from integration.acme_faults.module import Options, Run, run, watched
from integration.acme_faults.storage import (
    check_pairs,
    check_privacy,
    check_tidy,
    check_whole,
    key_of_order,
    make_due,
    make_storage,
    published_key,
    serial_of,
)
from integration.disk import Disk

OLD, NEW, FINE = "a-old.disk.example", "b-new.disk.example", "c-fine.disk.example"
# Leads nowhere, and has never been proved: of those that have been, Pebble may take the proof again
UNPROVED = "unproved.disk.example"
FULL = re.compile(r"No space left on device in (\S+)\. Free some space on that file system\.$")
READ_ONLY = re.compile(
    r"Read-only file system in (\S+)\. Remount that file system for writing, or choose another"
    r" storage\.$"
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")


@pytest.fixture(scope="module")
def before(ca: AcmeBed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage with a certificate that is due, and one that is not."""
    ca.dns.add(OLD, NEW, FINE)
    storage = make_storage(ca, tmp_path_factory.mktemp("before") / "storage")
    certificates = [{"name": OLD}, {"name": FINE}]
    made = run({**ca.module_options(), "storage": str(storage), "certificates": certificates})
    assert not made.result["failed"]
    make_due(storage, OLD)
    return storage


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small file system."""
    mount_point = tmp_path / "disk"
    mount_point.mkdir()
    with Disk(mount_point) as mounted:
        yield mounted


@pytest.fixture
def storage(before: Path, disk: Disk) -> Path:
    """A storage on the small file system, with what was there before. Challenges are elsewhere."""
    return fill(before, disk)


def fill(before: Path, disk: Disk) -> Path:
    """Put a copy of a storage onto a file system, in place of the one that is there."""
    storage = disk.path / "storage"
    shutil.rmtree(storage, ignore_errors=True)
    return Path(shutil.copytree(before, storage, symlinks=True))


@pytest.fixture
def options(ca: AcmeBed, storage: Path) -> Options:
    """The options for a batch with one certificate that is due, a new one, and one to leave alone."""
    certificates = [{"name": OLD}, {"name": NEW}, {"name": FINE}]
    return {**ca.module_options(), "storage": str(storage), "certificates": certificates}


def check_failure(done: Run, error: re.Pattern[str]) -> None:
    """Check that every failure names a place that is there, and what to do about it."""
    for item in done.certificates.values():
        if item["failed"]:
            found = error.search(item["error"])
            assert found, item["error"]
            assert Path(found[1]).is_dir() or Path(found[1]).parent.is_dir(), item["error"]
            assert item["step"] in ("storage", "account")
            assert not item["postponed"]


def check_converged(options: Options, storage: Path) -> None:
    """Check that one run brings everything to where it should be, and a second is silent."""
    began = time.time()
    healed = run(options)
    assert not healed.result["failed"], healed.result["msg"]
    check_pairs(storage, OLD, NEW, FINE)
    check_privacy(storage)
    check_tidy(storage, began)
    silent = run(options)
    assert not silent.result["changed"]
    assert silent.asked == []


def fail_until_there_is_room(
    options: Options, before: Path, disk: Disk, leave: Callable[[int], None]
) -> int:
    """Run with ever more room, until it is enough; return how much that was."""
    for room in range(200):
        disk.leave_all()
        storage = fill(before, disk)
        leave(room)
        serials = {name: serial_of(storage, name) for name in (OLD, FINE)}
        for _run in range(2):
            done = run(options)
            if not done.result["failed"]:
                break
            check_failure(done, FULL)
            check_pairs(storage, OLD, NEW, FINE)
            check_privacy(storage)
            check_whole(storage)
            assert not done.certificates[FINE]["failed"]
            for name, serial in serials.items():
                assert (serial_of(storage, name) != serial) == done.certificates[name]["changed"]
            serials[OLD] = serial_of(storage, OLD)
        else:
            disk.leave_all()
            check_converged(options, storage)
            continue
        check_converged(options, storage)
        return room
    raise AssertionError("it is never enough")


def test_a_disk_without_room_for_content_keeps_what_is_there(
    options: Options, before: Path, disk: Disk
) -> None:
    assert fail_until_there_is_room(options, before, disk, disk.leave_pages) > 5


def test_a_disk_without_room_for_more_files_keeps_what_is_there(
    options: Options, before: Path, disk: Disk
) -> None:
    assert fail_until_there_is_room(options, before, disk, disk.leave_files) > 10


def test_a_full_disk_has_the_same_error_in_each_run(options: Options, disk: Disk) -> None:
    disk.leave_pages(0)
    first, second = run(options), run(options)
    assert first.result["failed"]
    assert first.result["msg"] == second.result["msg"]


def test_a_new_storage_on_a_full_disk_begins_once_there_is_room(
    options: Options, disk: Disk, storage: Path
) -> None:
    shutil.rmtree(storage / "certs")
    shutil.rmtree(storage / "account")
    for room in range(1, 5):
        disk.leave_pages(room)
        check_failure(run(options), FULL)
    disk.leave_all()
    check_converged(options, storage)


def test_a_disk_that_is_full_once_the_ca_has_issued_costs_no_certificate(
    options: Options, disk: Disk, storage: Path
) -> None:
    def fill_up(request: requests.PreparedRequest, _answer: requests.Response) -> None:
        if request.path_url.startswith("/finalize-order/"):
            disk.leave_pages(0)

    options = {**options, "certificates": [{"name": NEW}]}
    with watched(after=fill_up):
        failed = run(options)
    check_failure(failed, FULL)
    assert failed.result["failed"]
    key = key_of_order(storage, NEW)
    disk.leave_all()
    healed = run(options)
    assert healed.certificates[NEW]["changed"]
    assert healed.orders == 0
    assert published_key(storage, NEW) == key


def test_a_full_disk_does_not_hide_what_the_ca_said(options: Options, disk: Disk) -> None:
    def fill_up(request: requests.PreparedRequest, _answer: requests.Response) -> None:
        if request.path_url.startswith("/chalZ/"):
            disk.leave_pages(0)

    with watched(after=fill_up):
        done = run({**options, "certificates": [{"name": UNPROVED}], "look_first": False})
    failed = done.certificates[UNPROVED]
    assert failed["step"] == "authorization", failed
    assert failed["problem"]["identifier"] == UNPROVED


def test_a_read_only_storage_is_left_alone_and_the_ca_is_not_asked(
    options: Options, disk: Disk, storage: Path
) -> None:
    serial = serial_of(storage, OLD)
    disk.forbid_writing()
    for _run in range(2):
        done = run(options)
        check_failure(done, READ_ONLY)
        assert [name for name, item in done.certificates.items() if item["failed"]] == [OLD, NEW]
        assert not done.result["changed"]
        assert done.asked == []
    assert serial_of(storage, OLD) == serial
    disk.allow_writing()
    check_converged(options, storage)


def test_challenges_on_a_full_disk_are_no_question_for_the_ca(
    ca: AcmeBed, options: Options, disk: Disk, storage: Path
) -> None:
    (storage / "webroot").unlink()
    (storage / "webroot" / ".well-known" / "acme-challenge").mkdir(parents=True)
    disk.leave_pages(0)
    done = run({**options, "certificates": [{"name": NEW}]})
    item = done.certificates[NEW]
    assert item["step"] == "probe"
    assert FULL.search(item["error"]), item["error"]
    assert done.orders == 0
