# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patience."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import OutOfTimeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.waiting import (
    Deadline,
    poll,
    retry_after_seconds,
)

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("5", 5.0),
        (" 120 ", 120.0),
        ("Sun, 22 Nov 2026 14:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 15:00:30 +0100", 30.0),
        ("Sun, 22 Nov 2026 13:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("\u0663", None),
        ("Sun, 99 Nov 2026 14:00:30 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


def test_a_retry_after_can_be_added_to_a_date() -> None:
    seconds = retry_after_seconds("9" * 400, NOW)
    assert seconds is not None
    assert NOW + timedelta(seconds=seconds) > NOW


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def test_the_server_sets_the_pauses() -> None:
    clock = Clock()
    answers = iter([(None, 3.0), (None, None), ("done", None)])
    deadline = Deadline(60, clock)
    assert poll(lambda: next(answers), deadline, what="it", sleep=clock.sleep) == "done"
    assert clock.pauses[0] < 0.1
    assert clock.pauses[1] == 3.0
    assert clock.pauses[2] < 0.1


def test_pauses_grow_up_to_seconds() -> None:
    clock = Clock()
    with pytest.raises(OutOfTimeError, match="did not come to an end with it"):
        poll(lambda: (None, None), Deadline(60, clock), what="it", sleep=clock.sleep)
    assert clock.pauses == sorted(clock.pauses)
    assert clock.pauses[-1] == 2.0
    assert 50 < clock.now <= 60


@pytest.mark.parametrize("header", ["0", "Sun, 22 Nov 2026 13:00:00 GMT"])
def test_no_busy_loop_on_a_server_that_says_at_once(header: str) -> None:
    clock = Clock()
    retry_after = retry_after_seconds(header, NOW)
    answers = iter([(None, retry_after)] * 50)
    with pytest.raises(OutOfTimeError):
        poll(
            lambda: next(answers),
            Deadline(60, clock),
            what="it",
            retry_after=retry_after,
            sleep=clock.sleep,
        )
    assert clock.pauses[0] > 0
    assert clock.pauses == sorted(clock.pauses)


def test_what_the_ca_is_not_waited_for_takes_none_of_the_time() -> None:
    clock = Clock()
    deadline = Deadline(60, clock)
    clock.sleep(10)
    with suppress(ZeroDivisionError), deadline.standing_still():
        clock.sleep(300)
        raise ZeroDivisionError
    clock.sleep(10)
    assert deadline.remaining() == 40


def test_a_server_that_wants_more_time_than_there_is() -> None:
    clock = Clock()
    with pytest.raises(OutOfTimeError):
        poll(lambda: (None, 3600.0), Deadline(60, clock), what="it", sleep=clock.sleep)
    assert clock.now < 1
