# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants by the thousand: a domain, a virtual host with a theme, and the link between them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from bench.extension_loads.application import Application
from bench.measuring.usage import ProgramError

COLOR = "#1565c0"
THEME = {
    "theme_primary_color": COLOR,
    "theme_primary_color_light": "#5e92f3",
    "theme_primary_color_dark": "#003c8f",
    "theme_secondary_color": "#ff8f00",
    "theme_label_color": "#212121",
}
# Of one request; the endpoint takes 2,000
AT_ONCE = 1000
MAKE_DOMAINS = """
from modoboa.admin.models import Domain
Domain.objects.bulk_create(
    Domain(name=f"t{{number}}.bench.example", default_mailbox_quota=0)
    for number in range({first}, {last})
)
"""


def hostname(number: int) -> str:
    """Return the hostname of a tenant."""
    return f"mail.t{number}.bench.example"


def make_domains(application: Application, first: int, last: int) -> None:
    """Make the domains of tenants, the last one not included."""
    application.modoboa.manage("shell", "-c", MAKE_DOMAINS.format(first=first, last=last))


def make_hosts(application: Application, first: int, last: int) -> float:
    """Make the virtual hosts of tenants with their links and themes; return the seconds it took.

    :raises ProgramError: not all are there then
    """
    seconds = 0.0
    for start in range(first, last, AT_ONCE):
        wanted = [_wanted(number) for number in range(start, min(start + AT_ONCE, last))]
        begin = time.monotonic()
        found = _bulk(application, wanted)
        seconds += time.monotonic() - begin
        wrong = [each for each in found if each["error"] or not each["created"]]
        if wrong or len(found) != len(wanted):
            raise ProgramError(f"{len(wrong)} of {len(wanted)} were not made: {wrong[:1]}")
    return seconds


def make_again(application: Application, last: int) -> float:
    """Ask for the same once more; return the seconds it took.

    :raises ProgramError: something changed
    """
    begin = time.monotonic()
    found = _bulk(application, [_wanted(number) for number in range(last)])
    seconds = time.monotonic() - begin
    if any(each["error"] or each["changed"] for each in found):
        raise ProgramError("the same once more has changed something")
    return seconds


def _wanted(number: int) -> dict[str, Any]:
    return {
        "name": hostname(number),
        "domains": [f"t{number}.bench.example"],
        "theme": THEME,
        "status": "ready",
    }


def _bulk(application: Application, wanted: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    body = {"virtualhosts": list(wanted)}
    answer = application.ask("POST", "/api/v2/virtualhosts/bulk/", json=body)
    found: list[dict[str, Any]] = answer.json()["results"]
    return found
