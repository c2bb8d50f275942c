# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of acme_cert on the same storage at once, also when one of them is killed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bed.acme_bed import AcmeBed
from integration.acme_faults.events import child
from integration.acme_faults.module import Options, Run, run, run_elsewhere
from integration.acme_faults.storage import (
    check_pairs,
    check_privacy,
    check_tidy,
    make_storage,
    serial_of,
)

NAMES = [f"{letter}.at-once.example" for letter in "abcd"]
MOST_EVENTS = 2000


@pytest.fixture(autouse=True)
def names(ca: AcmeBed) -> None:
    """Let the names resolve."""
    ca.dns.add(*NAMES)


@pytest.fixture
def options(options: Options) -> Options:
    """The options for a batch."""
    return {**options, "certificates": [{"name": name} for name in NAMES]}


def orders_of(ca: AcmeBed) -> int:
    """Return how many orders the CA has been given so far."""
    return (ca.logs / "pebble.log").read_text().count("POST /order-plz")


def _succeed(options: Options) -> Run:
    done = run(options)
    assert not done.result["failed"], done.result["msg"]
    return done


@pytest.mark.parametrize("runs", [2, 4])
def test_runs_at_once_issue_once_and_see_the_same(
    ca: AcmeBed, options: Options, storage: Path, runs: int
) -> None:
    before, began = orders_of(ca), time.time()
    with ThreadPoolExecutor(runs) as threads:
        results = list(threads.map(lambda _run: run_elsewhere(ca, options), range(runs)))
    assert orders_of(ca) - before == len(NAMES)
    check_pairs(storage, *NAMES)
    check_tidy(storage, began)
    for items in zip(*(each["certificates"] for each in results), strict=True):
        assert [item["error"] for item in items] == [None] * runs
        assert sum(item["changed"] for item in items) == 1
        assert {int(item["serial"], 16) for item in items} == {serial_of(storage, items[0]["name"])}
    # of several accounts that could have been made, there is one
    assert len({each["account"]["uri"] for each in results}) == 1


def test_runs_at_once_renew_once(ca: AcmeBed, options: Options) -> None:
    _succeed(options)
    before = orders_of(ca)
    changed = {**options, "certificates": [{"name": NAMES[0], "names": NAMES[1:]}]}
    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(lambda _run: run_elsewhere(ca, changed), range(2)))
    assert orders_of(ca) - before == 1
    assert sorted(each["changed"] for each in results) == [False, True]


def test_a_run_that_waits_for_one_that_is_killed_goes_on_in_its_place(
    ca: AcmeBed, options: Options, tmp_path: Path
) -> None:
    deaths = 0
    for number in range(5, 240, 23):
        storage = make_storage(ca, tmp_path / str(number))
        here = {**options, "storage": str(storage)}
        victim = child(number, storage, lambda: _succeed(here))  # noqa: B023 # ends within the loop
        other = child(MOST_EVENTS, storage, lambda: _succeed(here))  # noqa: B023 # as well
        deaths += victim.wait().last is not None
        assert other.wait().last is None
        began = time.time()
        check_pairs(storage, *NAMES)
        check_privacy(storage)
        assert all((storage / "certs" / name / "fullchain.pem").exists() for name in NAMES)
        last = _succeed(here)
        assert not last.result["changed"]
        check_tidy(storage, began)
    # where the other one was faster there was little to do, and nothing to die at
    assert deaths > 2


def test_one_run_removes_what_another_one_issues(
    ca: AcmeBed, options: Options, storage: Path
) -> None:
    absent = {**options, "state": "absent"}
    for _time in range(3):
        with ThreadPoolExecutor(2) as threads:
            both = [threads.submit(run_elsewhere, ca, each) for each in (options, absent)]
            results = [each.result() for each in both]
        assert [each["failed"] for each in results] == [False, False], results
        check_pairs(storage, *NAMES)
    _succeed(absent)
    assert list((storage / "certs").iterdir()) == []
