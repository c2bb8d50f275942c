# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments as text."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.moment import (
    moment_of,
    timestamp,
)


def test_timestamps_are_in_utc() -> None:
    moment = datetime(2026, 11, 22, 15, 0, 0, 5, timezone(timedelta(hours=1)))
    assert timestamp(moment) == "2026-11-22T14:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T14:00:00Z",
        "2026-11-22t14:00:00z",
        "2026-11-22T14:00:00.123456789Z",
        "2026-11-22T15:00:00+01:00",
        "2026-11-22 14:00:00.5-00:00",
    ],
)
def test_moments_as_cas_send_them(text: str) -> None:
    assert timestamp(moment_of(text)) == "2026-11-22T14:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-11-22", "2026-11-22T14:00:00", "2026-13-22T14:00:00Z", "now", None, 5),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"),
    ],
)
def test_what_is_no_moment(text: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        moment_of(text)
