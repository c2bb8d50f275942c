# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a CA when it would like a certificate to be renewed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import (
    Certificate,
    read_chain,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.memory import Suggestion
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.network import Network
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.renewal_information import (
    RenewalInformation,
    is_stale,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.waiting import Deadline
from unit.plugins.module_utils.acme.authority import Authority, problem
from unit.plugins.module_utils.acme.issuing import NOW, issue

Ask = Callable[..., Suggestion]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WINDOW = (NOW + 40 * DAY, NOW + 42 * DAY)


@pytest.fixture
def certificate() -> Certificate:
    """A certificate that a CA can be asked about."""
    return read_chain(issue(["a.example"]))


@pytest.fixture
def ask_ca(
    new_network: Callable[[], Network], authority: Authority, certificate: Certificate
) -> Ask:
    """Ask a CA that suggests a window, as a new run would."""
    authority.window = WINDOW

    def call(previous: Suggestion | None = None) -> Suggestion:
        asking = RenewalInformation(new_network())
        found = asking.ask(certificate, previous, NOW, Deadline(5))
        assert found is not None
        return found

    return call


def test_the_ca_is_asked_by_the_certificate(
    ask_ca: Ask, authority: Authority, certificate: Certificate
) -> None:
    found = ask_ca()
    assert authority.requests[-1][1] == f"/renewalInfo/{certificate.renewal_id}"
    assert (found.start, found.end) == WINDOW
    assert found.ask_again == NOW + 6 * HOUR


def test_moments_are_spread_over_the_window(ask_ca: Ask) -> None:
    moments = [ask_ca().moment for _time in range(40)]
    assert all(moment and WINDOW[0] <= moment <= WINDOW[1] for moment in moments)
    assert len(set(moments)) > 30


def test_no_moment_is_chosen_before_the_certificate_was_there(
    ask_ca: Ask, authority: Authority, certificate: Certificate
) -> None:
    # as Pebble suggests for certificates of minutes
    authority.window = (certificate.not_before - DAY, certificate.not_before + HOUR)
    moments = [ask_ca().moment for _time in range(40)]
    assert all(moment and moment >= certificate.not_before for moment in moments)
    assert len(set(moments)) > 30


def test_a_moment_is_chosen_once(ask_ca: Ask) -> None:
    first = ask_ca()
    assert {ask_ca(first).moment for _time in range(10)} == {first.moment}


def test_another_window_replaces_the_moment(ask_ca: Ask, authority: Authority) -> None:
    first = ask_ca()
    authority.window = (NOW - 2 * DAY, NOW - DAY)
    second = ask_ca(first)
    assert second.moment is not None
    assert second.moment <= NOW - DAY


@pytest.mark.parametrize(
    ("seconds", "pause"),
    [("0", MINUTE), ("30", MINUTE), ("3600", HOUR), ("864000", DAY), (None, 6 * HOUR)],
)
def test_the_pause_is_the_cas_within_bounds(
    ask_ca: Ask, authority: Authority, seconds: str | None, pause: timedelta
) -> None:
    _status, _headers, body = authority._renewal_info()
    headers = {"Retry-After": seconds} if seconds else {}
    authority.fail("/renewalInfo", (200, headers, body))
    assert ask_ca().ask_again == NOW + pause


@pytest.mark.parametrize(
    "answer",
    [
        problem("serverInternal", 500),
        problem("rateLimited", 429),
        (200, {}, b"<html>"),
        (200, {}, {}),
        (200, {}, {"suggestedWindow": {"start": "soon", "end": "later"}}),
        (200, {}, {"suggestedWindow": {"start": "2027-01-01T00:00:00Z"}}),
        (
            200,
            {},
            {"suggestedWindow": {"start": "2027-01-02T00:00:00Z", "end": "2027-01-01T00:00:00Z"}},
        ),
        requests.ConnectionError("reset"),
    ],
)
def test_what_goes_wrong_for_a_moment_is_asked_again_ever_later(
    ask_ca: Ask, authority: Authority, answer: Any
) -> None:
    known = ask_ca()
    found, pauses = known, []
    for _time in range(5):
        authority.fail("/renewalInfo", *[answer] * (3 if isinstance(answer, Exception) else 1))
        found = ask_ca(found)
        pauses.append(found.ask_again - NOW)
        # what was known still holds
        assert (found.moment, found.start, found.end) == (known.moment, *WINDOW)
    assert pauses == [MINUTE, 10 * MINUTE, 100 * MINUTE, DAY, DAY]
    assert ask_ca(found).failures == 0


def test_a_busy_ca_is_asked_once_and_its_pause_kept(ask_ca: Ask, authority: Authority) -> None:
    authority.fail("/renewalInfo", problem("rateLimited", 503, Retry_After=3600))
    assert ask_ca().ask_again == NOW + HOUR
    assert authority.paths("GET").count("renewalInfo") == 1


def test_a_certificate_that_the_ca_does_not_know(ask_ca: Ask, authority: Authority) -> None:
    authority.fail("/renewalInfo", problem("malformed", 404))
    found = ask_ca()
    assert found.moment is None
    assert found.ask_again == NOW + 6 * HOUR


def test_a_ca_without_renewal_information(ask_ca: Ask, authority: Authority) -> None:
    authority.window = None
    found = ask_ca()
    assert found.moment is None
    assert found.ask_again == NOW + DAY


def test_what_was_known_of_another_certificate_is_void(ask_ca: Ask) -> None:
    other = Suggestion("another.id", NOW, *WINDOW, moment=NOW)
    assert ask_ca(other).moment != NOW


def test_when_a_suggestion_is_stale(certificate: Certificate) -> None:
    assert certificate.renewal_id is not None
    known = Suggestion(certificate.renewal_id, NOW + HOUR)
    assert not is_stale(known, certificate, NOW)
    assert is_stale(known, certificate, NOW + HOUR)
    assert is_stale(None, certificate, NOW)
    assert is_stale(replace(known, certificate="another.id"), certificate, NOW)
    # the clock was set back
    assert is_stale(known, certificate, NOW - 2 * DAY)
    # expired, or without the name of its issuer's key
    assert not is_stale(known, certificate, NOW + 400 * DAY)
    assert not is_stale(None, read_chain(issue(["a.example"], issuer_key=None)), NOW)


def test_a_silent_ca_is_waited_for_once_a_run(
    new_network: Callable[[], Network], authority: Authority, certificate: Certificate
) -> None:
    authority.window = WINDOW
    authority.fail("/renewalInfo", requests.ReadTimeout("read timeout"))
    asking = RenewalInformation(new_network())
    found = [asking.ask(certificate, None, NOW, Deadline(5)) for _time in range(4)]
    assert [each.failures for each in found if each] == [1] * 4
    assert authority.paths("GET").count("renewalInfo") == 1
