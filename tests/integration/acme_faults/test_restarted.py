# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert with a CA that dies in the middle of orders, and has forgotten everything afterwards."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from bed.acme_bed import AcmeBed
from bed.acme_servers import SERVERS
from integration.acme_faults.module import Options, run, watched
from integration.acme_faults.proxy import STEPS
from integration.acme_faults.storage import (
    check_pairs,
    check_privacy,
    check_tidy,
    serial_of,
)
from integration.acme_servers import NEWEST

NAMES = [f"{letter}.restarted.example" for letter in "abcd"]
BEFORE = "before.restarted.example"
# Where requests of an order that is under way go to
UNDER_WAY = ["order", "authorization", "challenge", "finalization", "poll", "certificate"]


@pytest.fixture(scope="module")
def ca() -> Iterator[AcmeBed]:
    """A CA of this module's own, as it is to die."""
    with AcmeBed(f"restarted-{os.getpid()}", server=SERVERS[NEWEST]) as running:
        running.dns.add(*NAMES, BEFORE)
        yield running


@pytest.fixture
def options(ca: AcmeBed, storage: Path) -> Options:
    """The options for a batch, some of which are under way at once."""
    certificates = [{"name": name} for name in [BEFORE, *NAMES]]
    common = {**ca.module_options(), "storage": str(storage)}
    assert run({**common, "name": BEFORE}).result["changed"]
    return {**common, "certificates": certificates, "concurrency": 3, "retry": True}


class _Moment:
    """The answer to the second request of a step: others are on their way then."""

    def __init__(self, step: str) -> None:
        self._path = STEPS[step]
        self._left = 2
        self._lock = threading.Lock()

    def has_come(self, request: requests.PreparedRequest) -> bool:
        """Say whether this answer is the one, once."""
        with self._lock:
            self._left -= request.path_url.startswith(self._path)
            if self._left:
                return False
            self._left = -1
            return True


@pytest.mark.parametrize("step", ["order", "challenge", "finalization", "certificate"])
def test_a_ca_that_dies_and_forgets_is_caught_up_with(
    ca: AcmeBed, options: Options, storage: Path, step: str
) -> None:
    moment = _Moment(step)

    def die(request: requests.PreparedRequest, _answer: requests.Response) -> None:
        if moment.has_come(request):
            ca.stop_acme()

    serial = serial_of(storage, BEFORE)
    with watched(after=die):
        cut_off = run(options)
    assert cut_off.result["failed"]
    for item in cut_off.certificates.values():
        assert not item["failed"] or "cannot be reached" in item["error"], item["error"]
    still_cut_off = run(options)
    assert still_cut_off.asked == []
    assert not still_cut_off.result["changed"]
    check_pairs(storage, BEFORE, *NAMES)
    check_privacy(storage)

    ca.start_acme()
    without_consent = run({**options, "terms_agreed": False})
    errors = {item["error"] for item in without_consent.certificates.values() if item["failed"]}
    (error,) = errors
    assert error.startswith("account: the CA no longer knows the account that is recorded here")
    assert error.endswith("set terms_agreed to true.")

    began = time.time()
    healed = run(options)
    assert not healed.result["failed"], healed.result["msg"]
    assert healed.result["account"]["changed"]
    check_pairs(storage, BEFORE, *NAMES)
    check_tidy(storage, began)
    # what had been issued before is not issued again
    assert serial_of(storage, BEFORE) == serial
    silent = run(options)
    assert not silent.result["changed"]
    assert silent.asked == []


@pytest.mark.parametrize("step", UNDER_WAY)
def test_a_ca_that_is_back_within_the_run_is_caught_up_with(
    ca: AcmeBed, options: Options, storage: Path, step: str
) -> None:
    moment, dying, back = _Moment(step), threading.Event(), threading.Event()

    def wait_for_restart(request: requests.PreparedRequest, _answer: requests.Response) -> None:
        if moment.has_come(request):
            dying.set()
            back.wait(60)

    with ThreadPoolExecutor(1) as other, watched(after=wait_for_restart):
        first = other.submit(run, options)
        assert dying.wait(60)
        ca.stop_acme()
        # programs end with the thread that has started them
        ca.start_acme()
        back.set()
        done = first.result()
    for item in done.certificates.values():
        assert item["step"] in (
            None,
            "account",
            "order",
            "authorization",
            "finalization",
            "download",
        )
        assert "unexpected" not in str(item["error"])
    began = time.time()
    healed = run(options)
    assert not healed.result["failed"], healed.result["msg"]
    check_pairs(storage, BEFORE, *NAMES)
    check_tidy(storage, began)
    silent = run(options)
    assert not silent.result["changed"]
    assert silent.asked == []
