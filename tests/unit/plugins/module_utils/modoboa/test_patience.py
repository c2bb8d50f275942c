# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long to wait before a request is sent again."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.patience import Patience

PATIENCE = Patience()


def test_pauses_double_up_to_a_bound() -> None:
    assert [PATIENCE.pause(attempt) for attempt in range(1, 8)] == [0.25, 0.5, 1, 2, 4, 4, 4]


@pytest.mark.parametrize(
    ("asked", "pause"),
    [(None, 0.25), ("0", 0.25), ("3", 3.25), ("2.5", 2.75), ("121", None)]
    + [(nonsense, 0.25) for nonsense in ("", "soon", "-5", "nan", "inf", "1e9", "Wed", "²")],
)
def test_what_a_throttle_asks_for(asked: str | None, pause: float | None) -> None:
    assert PATIENCE.throttle_pause(1, asked, 0.0) == pause


@pytest.mark.parametrize(("ahead", "least", "most"), [(20, 18, 20.5), (-20, 0.25, 0.25)])
def test_throttle_that_names_a_moment(ahead: int, least: float, most: float) -> None:
    moment = datetime.now(timezone.utc) + timedelta(seconds=ahead)
    pause = PATIENCE.throttle_pause(1, format_datetime(moment, usegmt=True), 0.0)
    assert pause is not None
    assert least <= pause <= most


def test_throttle_is_obeyed_as_long_as_is_reasonable() -> None:
    assert PATIENCE.throttle_pause(3, "100", 199.0) == 100.25
    assert PATIENCE.throttle_pause(3, "100", 200.0) is None


def test_pause_after_a_fault() -> None:
    assert [PATIENCE.fault_pause(attempt, None) for attempt in range(1, 5)] == [0.25, 0.5, 1, None]
    assert PATIENCE.fault_pause(1, "7") == 7
    assert PATIENCE.fault_pause(1, "3600") is None
