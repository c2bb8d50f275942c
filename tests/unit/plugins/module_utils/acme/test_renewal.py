# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import (
    Certificate,
    read_chain,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.memory import (
    Failure,
    Memory,
    Revoked,
    Suggestion,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.renewal import (
    Decision,
    Policy,
    decide,
    renewal_of,
    threshold,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.signing_request import (
    SigningRequest,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import Stored
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.module_utils.acme.issuing import NOW, pair

CA = "https://ca.test/directory"
WANTED = CertificateRequest("a.example", ("a.example", "b.example"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

LIVES = st.timedeltas(min_value=HOUR, max_value=400 * DAY)
DAYS = st.integers(min_value=0, max_value=1000)
INTERVALS = st.timedeltas(min_value=timedelta(0), max_value=14 * DAY)


def stored(memory: Memory | None = None, origin: Origin | None = None, **how: Any) -> Stored:
    chain, _key = pair(how.pop("names", WANTED.names), **how)
    return Stored(True, read_chain(chain), origin or Origin(CA), memory=memory or Memory())


def certificate(life: timedelta) -> Certificate:
    return Certificate(
        frozenset(WANTED.names), "P-256", "CN=Test CA", "1", NOW, NOW + life, b"", "an.id"
    )


def decision(
    stored: Stored, now: datetime = NOW, wanted: CertificateRequest = WANTED, **policy: Any
) -> Decision:
    return decide(wanted, stored, Policy(CA, **policy), now)


def suggested(start: datetime, end: datetime, share: float = 0.5, **more: Any) -> Suggestion:
    moment = start + (end - start) * share
    fields = {"certificate": "an.id", "ask_again": NOW, **more}
    return Suggestion(start=start, end=end, moment=moment, **fields)


@pytest.mark.parametrize(
    ("life", "renew_days", "left"),
    [
        (90 * DAY, 30, 30 * DAY),
        (90 * DAY, 10, 10 * DAY),
        # two thirds of the life are left alone, whatever the threshold says
        (90 * DAY, 60, 30 * DAY),
        (45 * DAY, 30, 15 * DAY),
        (398 * DAY, 30, 30 * DAY),
        # and half of a short one
        (160 * HOUR, 30, 80 * HOUR),
        (HOUR, 30, timedelta(minutes=30)),
        (90 * DAY, 0, timedelta(0)),
    ],
)
def test_threshold_is_capped_by_a_share_of_the_life(
    life: timedelta, renew_days: int, left: timedelta
) -> None:
    assert threshold(NOW, NOW + life, renew_days).moment == NOW + life - left


def test_a_life_that_ends_before_it_begins_is_over() -> None:
    assert threshold(NOW, NOW - DAY, 30).moment == NOW - DAY


def test_the_source_of_the_moment_is_told() -> None:
    early = suggested(NOW + DAY, NOW + 2 * DAY)
    assert renewal_of(certificate(90 * DAY), early, 30).source == "renewal_information"
    assert renewal_of(certificate(90 * DAY), None, 20).source == "renew_days"
    assert renewal_of(certificate(90 * DAY), None, 30).source == "lifetime"


@given(life=LIVES, renew_days=DAYS)
def test_never_after_expiry_never_before_the_share(life: timedelta, renew_days: int) -> None:
    moment = threshold(NOW, NOW + life, renew_days).moment
    share = life / 2 if life < 10 * DAY else life * 2 / 3
    assert NOW + share - timedelta(microseconds=1) <= moment <= NOW + life
    assert moment >= NOW + life - timedelta(days=renew_days)
    assert moment == threshold(NOW, NOW + life, renew_days).moment


@given(life=LIVES, share=st.floats(min_value=0, max_value=1.5), run_interval=INTERVALS)
def test_due_from_the_moment_on_and_for_ever(
    life: timedelta, share: float, run_interval: timedelta
) -> None:
    now = NOW + life * share
    found = decision(Stored(True, certificate(life), Origin(CA)), now, run_interval=run_interval)
    assert found.due == (now >= threshold(NOW, NOW + life, 30).moment)


@given(
    life=LIVES,
    renew_days=DAYS,
    window=st.tuples(st.floats(min_value=-1, max_value=2), st.floats(min_value=1e-3, max_value=1)),
    choice=st.floats(min_value=0, max_value=1),
    share=st.floats(min_value=0, max_value=1.5),
    run_interval=INTERVALS,
)
def test_the_ca_makes_it_sooner_never_later(
    life: timedelta,
    renew_days: int,
    window: tuple[float, float],
    choice: float,
    share: float,
    run_interval: timedelta,
) -> None:
    start = NOW + life * window[0]
    suggestion = suggested(start, start + life * window[1], choice)
    there = certificate(life)
    renewal = renewal_of(there, suggestion, renew_days)
    latest = threshold(NOW, NOW + life, renew_days).moment
    assert suggestion.moment is not None
    # a window before the certificate was valid means nothing
    if suggestion.end is not None and suggestion.end <= NOW:
        assert renewal.moment == latest
    else:
        assert renewal.moment == min(suggestion.moment, latest)

    now = NOW + life * share
    found = Stored(True, there, Origin(CA), memory=Memory(suggestion))
    policy: dict[str, Any] = {"renew_days": renew_days, "run_interval": run_interval}
    first = decision(found, now, **policy)
    # the same answer on every call
    assert decision(found, now, **policy) == first
    # due from the moment on for ever, and before it by a twentieth of the life at most
    if now >= min(renewal.moment, there.not_after):
        assert first.due
    elif now < renewal.moment - min(run_interval, life / 20):
        assert not first.due


@given(life=LIVES, interval=st.timedeltas(min_value=HOUR, max_value=DAY), phase=st.floats(0, 1))
def test_regular_runs_renew_inside_the_window_where_one_falls_into_it(
    life: timedelta, interval: timedelta, phase: float
) -> None:
    # as public CAs suggest it: two hundredths of the life around its second third
    start = NOW + life * (0.5 if life < 10 * DAY else 2 / 3) - life / 100
    end = start + life / 50
    found = Stored(True, certificate(life), Origin(CA), memory=Memory(suggested(start, end, phase)))
    now = NOW + interval * phase
    while not decision(found, now, renew_days=0, run_interval=interval).due:
        now += interval
    # a run that falls into the window is not missed: it is renewed in it, or the run before
    assert now <= max(end, start + interval)
    if interval < end - start and interval <= life / 20:
        assert start <= now <= end


def test_a_fitting_certificate_is_left_alone() -> None:
    found = decision(stored())
    assert not found.due
    assert found.reason == (
        "valid until 2027-02-19T14:00:00Z, to be renewed from 2027-01-20T14:00:00Z on"
    )


@pytest.mark.parametrize(
    ("there", "policy", "reason"),
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
        ({"origin": Origin("https://other.test/")}, {}, "it was issued by https://other.test/"),
        (
            {"origin": Origin(CA, profile="shortlived")},
            {},
            "its profile is shortlived, the CA's default is wanted",
        ),
        (
            {"origin": Origin(CA, key_elsewhere=True)},
            {},
            "it was issued for a signing request, and its key is somewhere else",
        ),
        (
            {"memory": Memory(revoked=Revoked("5c1f0a9d3e", NOW, "superseded"))},
            {},
            "it was revoked on 2026-11-22T14:00:00Z",
        ),
        ({}, {"force": True}, "forced"),
        ({"life": timedelta(hours=2)}, {}, "it expired on 2026-11-21T16:00:00Z"),
        (
            {"not_before": NOW - timedelta(days=70)},
            {},
            "it expires on 2026-12-12T14:00:00Z and was to be renewed from 2026-11-12T14:00:00Z on",
        ),
    ],
)
def test_why_it_is_issued_anew(there: dict[str, Any], policy: dict[str, Any], reason: str) -> None:
    assert decision(stored(**there), **policy) == Decision(True, reason)


def test_a_profile_that_is_wanted() -> None:
    wanted = replace(WANTED, profile="shortlived")
    found = decision(stored(), wanted=wanted)
    assert found.reason == "its profile is the CA's default, shortlived is wanted"
    assert not decision(stored(origin=Origin(CA, profile="shortlived")), wanted=wanted).due


def test_the_key_of_a_signing_request() -> None:
    there = stored(origin=Origin(CA, key_elsewhere=True))
    assert there.certificate is not None
    csr = SigningRequest(b"", WANTED.names, there.certificate.public_key)
    assert not decision(there, wanted=replace(WANTED, csr=csr)).due
    other = replace(csr, public_key=b"another")
    found = decision(there, wanted=replace(WANTED, csr=other))
    assert found.reason == "the signing request is for another key"


def test_another_certificate_was_revoked() -> None:
    assert not decision(stored(Memory(revoked=Revoked("1", NOW, "superseded")))).due


def test_case_of_names_does_not_matter() -> None:
    assert not decision(stored(names=["A.Example", "b.example"])).due


def test_what_is_unknown_is_issued_anew() -> None:
    assert decision(Stored(False, fault="there is no certificate")).due
    there = stored().certificate
    assert decision(Stored(True, there, fault="state.json is missing")).due


def with_suggestion(suggestion: Suggestion) -> Stored:
    return Stored(True, certificate(90 * DAY), Origin(CA), memory=Memory(suggestion))


def test_the_ca_wants_it_renewed_now() -> None:
    found = decision(with_suggestion(suggested(NOW - DAY, NOW + DAY)), NOW + DAY)
    assert found.due
    assert found.reason.endswith("to be renewed from 2026-11-22T14:00:00Z on, as its CA suggests")


def test_a_window_that_ends_before_the_certificate_begins_would_renew_in_every_run() -> None:
    assert not decision(with_suggestion(suggested(NOW - 2 * DAY, NOW)), NOW + DAY).due


@pytest.mark.parametrize(
    ("published", "hours", "due"),
    [
        # by this host's clock it was due when it was issued: the clock is ahead
        (70, 0, False),
        (70, 4 * 24, False),
        (70, 5 * 24, True),
        (100, 0, False),
        # set back since: that moment means nothing
        (100, -1, True),
        # issued when it should be, and due when it should be
        (0, 61 * 24, True),
    ],
)
def test_what_is_due_at_once_is_not_issued_in_every_run(
    published: int, hours: int, due: bool
) -> None:
    origin = Origin(CA, published=NOW + published * DAY)
    there = Stored(True, certificate(90 * DAY), origin)
    found = decision(there, NOW + published * DAY + hours * HOUR)
    assert found.due == due
    assert due or found.reason.endswith("Check the clock")


def test_a_new_certificate_that_its_ca_wants_renewed_is_renewed() -> None:
    there = with_suggestion(suggested(NOW - DAY, NOW + DAY, 0.1))
    assert decision(replace(there, origin=Origin(CA, published=NOW)), NOW + HOUR).due


def test_a_suggestion_for_another_certificate_is_void() -> None:
    suggestion = suggested(NOW - DAY, NOW + DAY, certificate="another.id")
    assert not decision(with_suggestion(suggestion), NOW + DAY).due


@pytest.mark.parametrize(
    ("hours", "due"),
    [
        # long before; the moment comes, but the window has not begun and the next run is in it
        (-40, False),
        (-13, False),
        # the next run would come after the moment, and the window has begun
        (-9, True),
        (0, True),
    ],
)
def test_what_comes_before_the_next_run_is_done_now(hours: float, due: bool) -> None:
    moment = NOW + 50 * DAY
    suggestion = suggested(moment - 10 * HOUR, moment + 10 * HOUR)
    found = decision(with_suggestion(suggestion), moment + hours * HOUR)
    assert found.due == due


def test_a_window_between_two_runs_is_not_missed() -> None:
    moment = NOW + 50 * DAY
    suggestion = suggested(moment - 2 * HOUR, moment + 2 * HOUR)
    found = decision(with_suggestion(suggestion), moment - 6 * HOUR)
    assert found.due
    assert found.reason.endswith(", before the next run")
    assert not decision(with_suggestion(suggestion), moment - 6 * HOUR, run_interval=3 * HOUR).due


def failed(count: int = 1, minutes: int = 10, **more: Any) -> Stored:
    fields: dict[str, Any] = {
        "terms": WANTED.terms(CA),
        "at": NOW,
        "next_attempt": NOW + timedelta(minutes=minutes),
        **more,
    }
    failure = Failure(count, "it broke", "order", None, **fields)
    return Stored(False, fault="there is no certificate", memory=Memory(failure=failure))


def test_what_failed_lately_is_left_alone_for_a_while() -> None:
    found = decision(failed(2))
    assert not found.due
    assert found.postponed is not None
    assert found.reason == (
        "there is no certificate, but it failed 2 times in a row and is not tried again before"
        " 2026-11-22T14:10:00Z"
    )
    assert decision(failed(), NOW + timedelta(minutes=10)).due


def test_who_has_repaired_something_need_not_wait() -> None:
    assert decision(failed(), retry=True).due
    assert decision(failed(), force=True).due


def test_a_time_that_the_ca_named_is_waited_for() -> None:
    assert not decision(failed(limited=True), retry=True).due
    assert decision(failed(limited=True), force=True).due


def test_what_is_wanted_now_is_something_else() -> None:
    assert decision(failed(terms="other terms")).due


def test_the_clock_was_set_back() -> None:
    assert decision(failed(), NOW - HOUR).due


def test_a_failure_does_not_matter_to_what_is_not_due() -> None:
    memory = Memory(failure=failed().memory.failure)
    assert decision(stored(memory)).postponed is None
