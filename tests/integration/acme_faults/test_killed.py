# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert killed at every step of its work: what is there is whole, and one more run converges."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bed.acme_bed import AcmeBed
from integration.acme_faults.events import dies_at
from integration.acme_faults.module import Options, Run, run
from integration.acme_faults.storage import (
    certificate_folder,
    check_pairs,
    check_privacy,
    check_tidy,
    key_of_order,
    make_due,
    make_storage,
    published_key,
    serial_of,
)

NEW, TWO, SECOND = "a-new.killed.example", "b-two.killed.example", "c-second.killed.example"
OLD, GONE = "d-old.killed.example", "e-gone.killed.example"
WANTED: tuple[dict[str, Any], ...] = (
    {"name": NEW},
    {"name": TWO, "names": [SECOND]},
    {"name": OLD},
    {"name": GONE, "state": "absent"},
)
STAY = (NEW, TWO, OLD)
# More than any run has
MOST_EVENTS = 2000


@dataclass(frozen=True)
class Batch:
    """A batch of certificates in a storage that is made anew for every death.

    :ivar before: the storage as the batch finds it: one certificate is due, one is to go
    :ivar keeps_account: whether it finds an account, too
    :ivar wanted: the certificates
    """

    bed: AcmeBed
    folder: Path
    before: Path
    concurrency: int
    keeps_account: bool
    wanted: tuple[dict[str, Any], ...] = WANTED

    def storage(self, number: int) -> Path:
        """Return a fresh copy of the storage."""
        storage = make_storage(self.bed, self.folder / str(number))
        shutil.copytree(self.before / "certs", storage / "certs", symlinks=True)
        if self.keeps_account:
            shutil.copytree(self.before / "account", storage / "account")
        return storage

    def work(self, storage: Path, **more: Any) -> Callable[[], Run]:
        """Return what runs the batch once, more options given."""
        options = {
            **self.bed.module_options(),
            "storage": str(storage),
            "certificates": list(self.wanted),
            "concurrency": self.concurrency,
            **more,
        }
        return lambda: _succeed(options)


def _succeed(options: Options) -> Run:
    done = run(options)
    assert not done.result["failed"], done.result["msg"]
    return done


@pytest.fixture(scope="module")
def before(ca: AcmeBed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage with one certificate whose CA would like to renew it, and one to be removed."""
    ca.dns.add(NEW, TWO, SECOND, OLD, GONE)
    storage = make_storage(ca, tmp_path_factory.mktemp("before") / "storage")
    certificates = [{"name": OLD}, {"name": GONE}]
    _succeed({**ca.module_options(), "storage": str(storage), "certificates": certificates})
    make_due(storage, OLD)
    return storage


def check_death(storage: Path, issued: frozenset[str], batch: Batch) -> None:
    """Check what a death has left, and that one more run mends it and a third has nothing to do.

    :param issued: the names whose certificates the CA has said to issue
    """
    check_pairs(storage, *STAY, GONE)
    check_privacy(storage)
    published = {name: _new_serial(storage, name, batch) for name in STAY}
    waiting = [name for name in STAY if published[name] is None]
    open_keys = {name: key_of_order(storage, name) for name in waiting}
    unordered = [name for name in waiting if not _has_order(storage, name)]

    began = time.time()
    second = batch.work(storage)()
    check_pairs(storage, *STAY)
    check_privacy(storage)
    check_tidy(storage, began)
    assert not certificate_folder(storage, GONE).exists()
    for name in STAY:
        assert second.certificates[name]["changed"] == (name in waiting), name
        if name not in waiting:
            assert serial_of(storage, name) == published[name], name
    # what the CA has issued is fetched for the very key, and an open order is picked up
    for name in issued.intersection(waiting):
        assert published_key(storage, name) == open_keys[name], name
    assert second.orders == len(unordered)

    third = batch.work(storage)()
    assert not third.result["changed"]
    assert third.asked == []


def _new_serial(storage: Path, name: str, batch: Batch) -> int | None:
    """Return the serial number of what the batch has published, if it came so far."""
    if not (certificate_folder(storage, name) / "fullchain.pem").exists():
        return None
    serial = serial_of(storage, name)
    return None if name == OLD and serial == serial_of(batch.before, OLD) else serial


def _has_order(storage: Path, name: str) -> bool:
    return (certificate_folder(storage, name) / "order" / "order.json").exists()


def kill_at_every(step: int, batch: Batch, deaths: int = 1) -> int:
    """Kill the batch at every so many-th event until it comes to its end.

    :param deaths: how often it is killed before it may come to its end
    :returns: at how many events it was killed
    """
    for number in range(0, MOST_EVENTS, step):
        storage = batch.storage(number)
        died = [dies_at(number, storage, batch.work(storage)) for _death in range(deaths)]
        try:
            check_death(storage, frozenset(name for death in died for name in death.notes), batch)
        except BaseException as error:
            error.add_note(f"killed at event {number}: {died}")
            raise
        if died[0].last is None:
            return number // step
        shutil.rmtree(storage)
    raise AssertionError("the batch comes to no end")


@pytest.mark.parametrize(
    "step", [pytest.param(1, marks=pytest.mark.extended), 7], ids=["every", "every-seventh"]
)
def test_killed_at_any_step_one_more_run_converges(
    ca: AcmeBed, before: Path, tmp_path: Path, step: int
) -> None:
    batch = Batch(ca, tmp_path, before, concurrency=1, keeps_account=False)
    assert kill_at_every(step, batch) * step > 100


@pytest.mark.parametrize(
    "step", [pytest.param(1, marks=pytest.mark.extended), 11], ids=["every", "every-eleventh"]
)
def test_killed_with_several_under_way_one_more_run_converges(
    ca: AcmeBed, before: Path, tmp_path: Path, step: int
) -> None:
    batch = Batch(ca, tmp_path, before, concurrency=4, keeps_account=True)
    assert kill_at_every(step, batch, deaths=2) * step > 100


def test_what_a_killed_run_has_published_is_not_published_as_new(
    ca: AcmeBed, before: Path, tmp_path: Path
) -> None:
    wanted = ({"name": NEW},)
    batch = Batch(ca, tmp_path, before, concurrency=1, keeps_account=True, wanted=wanted)
    for number in range(MOST_EVENTS):
        storage = batch.storage(number)
        assert dies_at(number, storage, batch.work(storage)).last is not None
        if _has_order(storage, NEW) and _new_serial(storage, NEW, batch) is not None:
            break
        shutil.rmtree(storage)
    serial, key = serial_of(storage, NEW), published_key(storage, NEW)
    assert batch.work(storage, force=True)().orders == 1
    assert serial_of(storage, NEW) != serial
    assert published_key(storage, NEW) != key
