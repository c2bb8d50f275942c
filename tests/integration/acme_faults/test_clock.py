# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert on a host whose clock jumps, forth and back, between runs and within one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from bed import wait
from bed.acme_bed import AcmeBed
from bed.clock import Clock
from integration.acme_faults.module import Options, run_elsewhere
from integration.acme_faults.storage import check_pairs, make_storage
from integration.acme_servers import NEWEST, StartAcme

NAME, BAD = "a.clock.example", "bad.clock.example"
YEARS = timedelta(days=730)
RENEWAL = timedelta(days=70)

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """The clock of the host; the CA's own is right."""
    return Clock(tmp_path)


@pytest.fixture
def run(ca: AcmeBed, options: Options, clock: Clock) -> Run:
    """Run the module by that clock.

    The TLS certificate of the CA's own server is not checked: it is a matter of the clock as well.
    """
    ca.dns.add(NAME)
    common = {**options, "validate_certs": False, "name": NAME}

    def call(**more: Any) -> dict[str, Any]:
        return run_elsewhere(ca, {**common, **more}, clock.environment())

    return call


def only(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of the only certificate."""
    (item,) = result["certificates"]
    found: dict[str, Any] = item
    return found


def test_a_jump_forward_renews_and_the_way_back_changes_nothing(
    run: Run, clock: Clock, storage: Path
) -> None:
    first = only(run())
    assert first["changed"]
    clock.set(RENEWAL)
    renewed = only(run())
    assert renewed["changed"], renewed
    assert renewed["reason"].startswith("it expires on ")
    check_pairs(storage, NAME)
    # by this clock the new one is due as well
    later = run()
    assert not later["changed"]
    assert only(later)["reason"].endswith(". Check the clock")
    for difference in (timedelta(), -YEARS, timedelta()):
        clock.set(difference)
        for _run in range(2):
            later = run()
            assert not later["failed"], later["msg"]
            assert not later["changed"], only(later)["reason"]
            assert only(later)["serial"] == renewed["serial"]


@pytest.mark.parametrize("days", [70, 100])
def test_a_clock_that_stays_ahead_does_not_issue_in_every_run(
    run: Run, clock: Clock, days: int
) -> None:
    run()
    # a twentieth of 90 days passes before the next one
    for hours, due in ((0, True), (12, False), (100, False), (120, True), (132, False)):
        clock.set(timedelta(days=days, hours=hours))
        later = run()
        assert not later["failed"], later["msg"]
        assert later["changed"] == due, hours


def test_a_clock_that_is_wrong_is_what_a_distrusted_ca_is_put_down_to(
    run: Run, clock: Clock
) -> None:
    run()
    for difference in (-YEARS, YEARS):
        clock.set(difference)
        failed = run(validate_certs=True, force=True)
        assert failed["failed"]
        assert failed["msg"].endswith("Check the clock of this host.")
    clock.set(-YEARS)
    left_alone = run(validate_certs=True)
    assert not left_alone["failed"]
    assert not left_alone["changed"]


def test_what_was_issued_in_the_past_or_the_future_lasts(
    run: Run, clock: Clock, storage: Path
) -> None:
    for difference in (-YEARS, -RENEWAL, timedelta(days=20)):
        clock.set(difference)
        issued = run(force=True)
        assert not issued["failed"], issued["msg"]
        check_pairs(storage, NAME)
        for moment in (difference, timedelta()):
            clock.set(moment)
            later = run()
            assert not later["failed"], later["msg"]
            assert not later["changed"], only(later)["reason"]
            assert only(later)["serial"] == only(issued)["serial"]


@pytest.mark.parametrize("back", [YEARS, timedelta(days=2)])
def test_a_pause_does_not_last_for_ever_when_the_clock_is_set_back(
    ca: AcmeBed, run: Run, clock: Clock, back: timedelta
) -> None:
    failed = only(run(name=BAD, look_first=False))
    assert failed["failed"]
    assert only(run(name=BAD, look_first=False))["postponed"]
    for difference in (-back, timedelta(), RENEWAL, timedelta()):
        clock.set(difference)
        again = only(run(name=BAD, look_first=False))
        assert not again["postponed"], difference
        left = datetime.fromisoformat(again["failures"]["next_attempt"]) - (
            datetime.now(timezone.utc) + difference
        )
        assert left < timedelta(days=1, minutes=1)


def test_the_ca_is_asked_again_when_to_renew_once_the_clock_is_right(
    ca: AcmeBed, run: Run, clock: Clock, storage: Path
) -> None:
    def asked() -> int:
        log = (ca.logs / "pebble.log").read_text()
        return log.count("GET /draft-ietf-acme-ari-03/renewalInfo/")

    clock.set(timedelta(days=20))
    run()
    clock.set(timedelta())
    before = asked()
    run()
    assert asked() == before + 1
    # and not in each run
    run()
    assert asked() == before + 1


@pytest.mark.parametrize("jump", [RENEWAL, -YEARS], ids=["forward", "back"])
def test_a_jump_in_the_middle_of_a_run_harms_nothing(
    start_acme: StartAcme, clock: Clock, tmp_path: Path, jump: timedelta
) -> None:
    names = [f"{letter}.clock.example" for letter in "ab"]
    bed = start_acme(NEWEST, longest_sleep=2)
    bed.dns.add(*names)
    storage = make_storage(bed, tmp_path / "storage")
    options = {
        **bed.module_options(),
        "storage": str(storage),
        "validate_certs": False,
        "certificates": [{"name": name} for name in names],
        "concurrency": 1,
    }
    log = bed.logs / "pebble.log"
    with ThreadPoolExecutor(1) as other:
        first = other.submit(run_elsewhere, bed, options, clock.environment())
        wait.until(lambda: "POST /chalZ/" in log.read_text(), what="an order", timeout=30)
        clock.set(jump)
        done = first.result()
    assert not done["failed"], done["msg"]
    assert all(item["changed"] for item in done["certificates"])
    check_pairs(storage, *names)
    clock.set(timedelta())
    later = run_elsewhere(bed, options, clock.environment())
    assert not later["failed"], later["msg"]
    assert not later["changed"]
