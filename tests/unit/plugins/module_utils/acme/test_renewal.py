# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import (
    Certificate,
    read_chain,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.renewal import (
    Decision,
    decide,
    renewal_moment,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import Stored
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.module_utils.acme.issuing import NOW, pair

CA = "https://ca.test/directory"
WANTED = CertificateRequest("a.example", ("a.example", "b.example"), "P-256")


def stored(**how: Any) -> Stored:
    chain, _key = pair(how.pop("names", WANTED.names), **how)
    return Stored(True, read_chain(chain), CA)


def decision(stored: Stored, now: datetime = NOW, **changed: Any) -> Decision:
    options: dict[str, Any] = {"directory": CA, "renew_days": 30, "force": False}
    return decide(WANTED, stored, now=now, **{**options, **changed})


@pytest.mark.parametrize(
    ("life", "renew_days", "left"),
    [
        (timedelta(days=90), 30, timedelta(days=30)),
        (timedelta(days=90), 10, timedelta(days=10)),
        # two thirds of the life are left alone, whatever the threshold says
        (timedelta(days=90), 60, timedelta(days=30)),
        (timedelta(days=45), 30, timedelta(days=15)),
        (timedelta(days=398), 30, timedelta(days=30)),
        # and half of a short one
        (timedelta(hours=160), 30, timedelta(hours=80)),
        (timedelta(hours=1), 30, timedelta(minutes=30)),
        (timedelta(days=90), 0, timedelta(0)),
    ],
)
def test_threshold_is_capped_by_a_share_of_the_life(
    life: timedelta, renew_days: int, left: timedelta
) -> None:
    assert renewal_moment(NOW, NOW + life, renew_days) == NOW + life - left


def test_a_life_that_ends_before_it_begins_is_over() -> None:
    assert renewal_moment(NOW, NOW - timedelta(days=1), 30) == NOW - timedelta(days=1)


@given(
    life=st.timedeltas(min_value=timedelta(hours=1), max_value=timedelta(days=400)),
    renew_days=st.integers(min_value=0, max_value=1000),
)
def test_never_after_expiry_never_before_the_share(life: timedelta, renew_days: int) -> None:
    moment = renewal_moment(NOW, NOW + life, renew_days)
    share = life / 2 if life < timedelta(days=10) else life * 2 / 3
    assert NOW + share - timedelta(microseconds=1) <= moment <= NOW + life
    assert moment >= NOW + life - timedelta(days=renew_days)
    assert moment == renewal_moment(NOW, NOW + life, renew_days)


@given(
    life=st.timedeltas(min_value=timedelta(hours=1), max_value=timedelta(days=400)),
    share=st.floats(min_value=0, max_value=1.5),
)
def test_due_from_the_moment_on_and_for_ever(life: timedelta, share: float) -> None:
    now = NOW + life * share
    certificate = Certificate(
        frozenset(WANTED.names), "P-256", "CN=Test CA", "1", NOW, NOW + life, b""
    )
    found = decision(Stored(True, certificate, CA), now=now)
    assert found.due == (now >= renewal_moment(NOW, NOW + life, 30))


def test_a_fitting_certificate_is_left_alone() -> None:
    found = decision(stored())
    assert not found.due
    assert found.reason == (
        "valid until 2027-02-19T14:00:00Z, to be renewed from 2027-01-20T14:00:00Z on"
    )


@pytest.mark.parametrize(
    ("there", "changed", "reason"),
    [
        ({"names": ["a.example"]}, {}, "it lacks b.example"),
        ({"names": [*WANTED.names, "c.example"]}, {}, "it has c.example besides"),
        (
            {"names": ["a.example", "c.example"]},
            {},
            "it lacks b.example and it has c.example besides",
        ),
        ({"key_type": "P-384"}, {}, "the key is P-384, P-256 is wanted"),
        ({"key_type": "RSA-2048"}, {}, "the key is RSA-2048, P-256 is wanted"),
        ({}, {"directory": "https://other.test/"}, f"it was issued by {CA}"),
        ({}, {"force": True}, "forced"),
        ({"life": timedelta(hours=2)}, {}, "it expired on 2026-11-21T16:00:00Z"),
        (
            {"not_before": NOW - timedelta(days=70)},
            {},
            "it expires on 2026-12-12T14:00:00Z and was to be renewed from 2026-11-12T14:00:00Z on",
        ),
    ],
)
def test_why_it_is_issued_anew(there: dict[str, Any], changed: dict[str, Any], reason: str) -> None:
    assert decision(stored(**there), **changed) == Decision(True, reason)


def test_case_of_names_does_not_matter() -> None:
    assert not decision(stored(names=["A.Example", "b.example"])).due


def test_what_is_unknown_is_issued_anew() -> None:
    assert decision(Stored(False, fault="there is no certificate")).due
    certificate = stored().certificate
    assert decision(Stored(True, certificate, fault="state.json is missing")).due
