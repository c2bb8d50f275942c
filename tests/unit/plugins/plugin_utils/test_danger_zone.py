# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is in danger."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.moment import timestamp
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.danger_zone import danger_zone

NOW = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)


def look(life: float, left: float, days: float = 10) -> dict[str, Any]:
    """Look at a certificate of so many days that has so many left."""
    end = NOW + timedelta(days=left)
    certificate = {
        "name": "mail.aster.example",
        "not_before": timestamp(end - timedelta(days=life)),
        "not_after": timestamp(end),
    }
    (found,) = danger_zone([certificate], days, NOW)
    return found


@pytest.mark.parametrize(
    ("life", "left", "days", "in_danger"),
    [
        (90, 11, 10, False),
        (90, 10, 10, True),
        (90, 10, 3, False),
        # A sixth of a short life
        (6, 1.5, 10, False),
        (6, 1, 10, True),
        (90, 15, 60, True),
        (90, 16, 60, False),
        (90, 0.1, 0, False),
        (90, -1, 0, True),
    ],
)
def test_zone(life: float, left: float, days: float, in_danger: bool) -> None:
    found = look(life, left, days)
    assert found["failed"] is in_danger
    assert bool(found["error"]) is in_danger


def test_the_message_names_the_end_and_is_the_same_until_then() -> None:
    found = look(90, 2)
    assert found["error"].startswith("its certificate ends 2026-11-27T12:00:00Z")
    assert found["danger_from"] == "2026-11-17T12:00:00Z"
    assert look(90, -2)["error"].startswith("its certificate has ended 2026-11-23T12:00:00Z")


def test_a_certificate_that_cannot_be_used_is_in_danger() -> None:
    (found,) = danger_zone([{"name": "a.example", "not_before": None, "not_after": None}], 10)
    assert found["failed"]
    assert found["not_after"] is None
    assert found["danger_from"] == "1970-01-01T00:00:00Z"
