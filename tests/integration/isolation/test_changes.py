# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change counts from the next request on, whichever of gunicorn's workers answers that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from integration.isolation.client import Portals
from integration.isolation.guarded_bed import GuardedBed
from integration.isolation.roles import PRIMARY, A, B
from integration.isolation.ways import ME

USER, BOSS = "user@ash.test", "helper@elsewhere.test"
# More requests than workers, so that each of them is asked
ASKED = 4
ROUNDS = 5


class Admitted:
    """Where somebody gets in, with a session and with a token that they had before."""

    def __init__(self, bed: GuardedBed, username: str) -> None:
        self._portals = Portals(bed)
        authority = self._portals.authority(PRIMARY)
        self._known = bed.modoboa.inside("credentials", [username], [authority])[username][
            authority
        ]

    def hosts(self) -> set[str]:
        """Ask every worker, in both ways, at once after a change."""
        found = set()
        for host in (A, B):
            statuses = {(self._by_token(host), self._by_session(host)) for _request in range(ASKED)}
            assert statuses in ({(200, 200)}, {(401, 302)}), (host, statuses)
            if statuses == {(200, 200)}:
                found.add(host)
        return found

    def _by_token(self, host: str) -> int:
        return self._portals.get(host, ME, bearer=self._known["access_token"]).status

    def _by_session(self, host: str) -> int:
        return self._portals.get(host, "/api/o/device/", self._known["session"]).status


@pytest.fixture
def domain(guarded_bed: GuardedBed) -> Iterator[dict[str, Any]]:
    """The domain of the first portal, which is back on it afterwards."""
    listed = guarded_bed.modoboa.request("GET", "domains/", params={"search": "ash.test"}).json()
    found: dict[str, Any] = listed["results"][0] if isinstance(listed, dict) else listed[0]
    yield found
    _put_on(guarded_bed, found, A)


def _put_on(bed: GuardedBed, domain: dict[str, Any], hostname: str) -> None:
    bed.modoboa.request("PATCH", f"domains/{domain['pk']}/", json={"virtualhost": hostname})


def test_linking(guarded_bed: GuardedBed, domain: dict[str, Any]) -> None:
    user = Admitted(guarded_bed, USER)
    for _round in range(ROUNDS):
        for hostname, expected in ((B, {B}), ("", set()), (A, {A})):
            _put_on(guarded_bed, domain, hostname)
            assert user.hosts() == expected


def test_disabling(guarded_bed: GuardedBed) -> None:
    user = Admitted(guarded_bed, USER)
    modoboa = guarded_bed.modoboa
    (host,) = modoboa.request("GET", "virtualhosts/", params={"name": A}).json()["results"]
    for _round in range(ROUNDS):
        for enabled in (False, True):
            modoboa.request(
                "POST", f"virtualhosts/{host['pk']}/set_state/", json={"enabled": enabled}
            )
            assert user.hosts() == ({A} if enabled else set())


def test_administrators(guarded_bed: GuardedBed, domain: dict[str, Any]) -> None:
    boss = Admitted(guarded_bed, BOSS)
    modoboa = guarded_bed.modoboa
    accounts = modoboa.request("GET", "accounts/", params={"search": BOSS}).json()
    (account,) = [a for a in accounts["results"] if a["username"] == BOSS]
    for _round in range(ROUNDS):
        for change, expected in (("add", {A, B}), ("remove", {B})):
            modoboa.request(
                "POST",
                f"domains/{domain['pk']}/administrators/{change}/",
                json={"account": account["pk"]},
            )
            assert boss.hosts() == expected
