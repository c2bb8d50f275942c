# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert with a CA that is busy, is cut off, or is not the one that answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
from bed.acme_bed import AcmeBed
from integration.acme_faults.faults import (
    Busy,
    Dropped,
    Fault,
    HalfAnswer,
    HalfDocument,
    LostAnswer,
    LostPlace,
    Page,
    Stalled,
)
from integration.acme_faults.module import Options, run
from integration.acme_faults.proxy import STEPS, FaultyProxy
from integration.acme_faults.storage import (
    check_pairs,
    check_privacy,
    check_tidy,
    key_of_order,
    published_key,
)

NAME = "a.answers.example"
HOUR = 3600
Form = Callable[[int], str]


def a_date(seconds: int) -> str:
    """Write a Retry-After as a date, rounded up, as it has whole seconds."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds + 1)
    return format_datetime(moment, usegmt=True)


FORMS = [pytest.param(str, id="seconds"), pytest.param(a_date, id="a-date")]


@pytest.fixture
def proxy(ca: AcmeBed) -> Iterator[FaultyProxy]:
    """What shows faults between the module and the CA."""
    ca.dns.add(NAME)
    with FaultyProxy(ca) as running:
        yield running


@pytest.fixture
def options(options: Options, proxy: FaultyProxy) -> Options:
    """The options for the CA behind the proxy."""
    return {**options, "acme_directory": proxy.directory_url, "name": NAME}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [429, 503])
def test_a_short_pause_is_kept_and_the_order_goes_on(
    options: Options, proxy: FaultyProxy, status: int, form: Form
) -> None:
    proxy.fail("nonce", Busy(status, 1, form))
    proxy.fail("finalization", Busy(status, 1, form))
    done = run(options)
    assert done.result["changed"], done.result
    for step in ("nonce", "finalization"):
        first, second = proxy.times(step)[:2]
        assert 0.9 < second - first < 10, step


@pytest.mark.parametrize("step", ["order", "finalization"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [429, 503])
def test_a_long_pause_ends_the_attempt_and_is_remembered(
    options: Options, proxy: FaultyProxy, storage: Path, status: int, form: Form, step: str
) -> None:
    proxy.fail(step, Busy(status, HOUR, form))
    began = time.monotonic()
    item = run(options).certificates[NAME]
    assert time.monotonic() - began < 10
    assert item["step"] == step
    assert item["problem"]["status"] == status
    assert item["problem"]["retry_after"] == pytest.approx(HOUR, abs=10)
    assert not item["postponed"]
    next_attempt = datetime.fromisoformat(item["failures"]["next_attempt"])
    left = (next_attempt - datetime.now(timezone.utc)).total_seconds()
    assert left == pytest.approx(HOUR, abs=10)
    key = key_of_order(storage, NAME)

    # nobody but force is let through before the time that the CA itself has named
    for retry in (False, True):
        later = run({**options, "retry": retry})
        assert later.certificates[NAME]["postponed"]
        assert later.certificates[NAME]["error"] == item["error"]
        assert not later.result["changed"]
        assert later.asked == []
    forced = run({**options, "force": True})
    assert forced.certificates[NAME]["changed"]
    assert forced.certificates[NAME]["failures"] is None
    # what was there of the order is not thrown away
    assert forced.orders == (1 if step == "order" else 0)
    assert published_key(storage, NAME) == key


QUICK_FAULTS = {
    "dropped before the request": Dropped(),
    "dropped after the request": LostAnswer(),
    "dropped in the middle of the answer": HalfAnswer(),
    "half a document": HalfDocument(),
    "a page in place of the answer": Page(),
    "a page that forbids": Page(403),
    "a gateway without a CA": Page(502),
    "silence in the middle of the answer": Stalled(2),
}
FAULTS = [
    *(pytest.param(fault, id=name) for name, fault in QUICK_FAULTS.items()),
    pytest.param(Stalled(2, begins=False), id="silence", marks=pytest.mark.extended),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_each_step_costs_no_key_and_no_second_certificate(
    options: Options, proxy: FaultyProxy, storage: Path, fault: Fault
) -> None:
    for step in STEPS:
        proxy.fail(step, fault)
    if isinstance(fault, Stalled):
        options = {**options, "timeout": 0.6}
    key_in_order: bytes | None = None
    orders = 0
    for _run in range(2 * len(STEPS)):
        began = time.time()
        done = run({**options, "retry": True})
        orders += done.orders
        item = done.certificates[NAME]
        check_pairs(storage, NAME)
        check_privacy(storage)
        if not done.result["failed"]:
            break
        assert item["step"] in (
            "directory",
            "account",
            "order",
            "authorization",
            "finalization",
            "download",
        )
        assert "unexpected" not in item["error"]
        assert item["error"].endswith(".")
        if item["step"] in ("finalization", "download"):
            key_in_order = key_of_order(storage, NAME)
            assert key_in_order is not None
    assert item["changed"], item["error"]
    assert proxy.unmet == []
    # the answer to the first may be lost, never that to the one which was finalized
    assert orders <= 2
    assert key_in_order in (None, published_key(storage, NAME))
    check_tidy(storage, began)
    silent = run(options)
    assert not silent.result["changed"]
    assert not silent.result["failed"]


def test_the_same_fault_in_each_run_has_the_same_text(options: Options, proxy: FaultyProxy) -> None:
    for fault in (Dropped(), HalfAnswer(), Page(), Page(403)):
        errors = set()
        for _run in range(2):
            proxy.fail("order", *[fault] * 3)
            errors.add(run({**options, "retry": True}).certificates[NAME]["error"])
            proxy.heal()
        assert len(errors) == 1, errors


@pytest.mark.parametrize("step", ["account", "order"])
def test_nonsense_in_place_of_a_url_is_not_kept(
    options: Options, proxy: FaultyProxy, step: str
) -> None:
    # the first request about the account only asks for one
    proxy.fail(step, *[LostPlace()] * 2)
    failed = run({**options, "retry": True}).certificates[NAME]
    assert failed["step"] == step
    assert f"the CA did not say where the {step} is" in failed["error"]
    proxy.heal()
    assert run({**options, "retry": True}).certificates[NAME]["changed"]


def test_a_handshake_that_breaks_off_is_tried_again(options: Options, proxy: FaultyProxy) -> None:
    proxy.break_handshakes(2)
    assert run(options).result["changed"]
    proxy.break_handshakes(3)
    item = run({**options, "force": True}).certificates[NAME]
    assert "cannot be reached" in item["error"]
