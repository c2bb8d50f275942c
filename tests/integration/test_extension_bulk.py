# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand tenants through nginx and gunicorn, into sqlite, with one request."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from bed import Bed

COUNT = 1000
DOMAINS = f"""
from modoboa.admin.models import Domain
Domain.objects.bulk_create(
    Domain(name="t%d.bulk.test" % n, default_mailbox_quota=0) for n in range({COUNT}))
"""


def items(color: str) -> list[dict[str, Any]]:
    return [
        {
            "name": f"mail.t{number}.bulk.test",
            "domains": [f"t{number}.bulk.test"],
            "theme": {
                "theme_primary_color": color,
                "theme_primary_color_light": "#3688f9",
                "theme_primary_color_dark": "#0350ba",
                "theme_secondary_color": "#f18429",
                "theme_label_color": "#616161",
            },
            "status": "pending",
        }
        for number in range(COUNT)
    ]


def send(bed: Bed, color: str) -> tuple[float, list[dict[str, Any]]]:
    start = time.monotonic()
    answer = bed.modoboa.request("POST", "virtualhosts/bulk/", json={"virtualhosts": items(color)})
    results: list[dict[str, Any]] = answer.json()["results"]
    return time.monotonic() - start, results


@pytest.fixture(scope="module")
def large_bed() -> Iterator[Bed]:
    """A bed for this alone: the other tests are not about large instances."""
    with Bed(f"bulk-{os.getpid()}") as running:
        yield running


def test_a_thousand(large_bed: Bed) -> None:
    large_bed.modoboa.manage("shell", "-c", DOMAINS)
    seconds, results = send(large_bed, "#010203")
    assert all(result["created"] and not result["error"] for result in results)
    assert seconds < 10
    seconds, results = send(large_bed, "#010203")
    assert not any(result["changed"] for result in results)
    assert seconds < 10
    seconds, results = send(large_bed, "#040506")
    assert all(result["changed"] and not result["created"] for result in results)
    assert seconds < 10
    listed = large_bed.modoboa.request(
        "GET", "virtualhosts/", params={"search": "bulk.test", "page_size": 2000}
    ).json()
    assert listed["count"] == COUNT
    assert all(len(host["domains"]) == 1 for host in listed["results"])
