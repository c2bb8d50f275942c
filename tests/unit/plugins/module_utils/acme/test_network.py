# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to a CA that has bad days."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
import requests
import urllib3.exceptions
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import (
    AcmeError,
    ProblemError,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.network import Network
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.reply import Reply
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.trust import Trust
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.waiting import Deadline
from unit.plugins.module_utils.acme.authority import BASE, DIRECTORY, Authority, problem

NewNetwork = Callable[[], Network]


def post(network: Network, path: str = "newOrder", seconds: float = 600) -> Reply:
    payload: dict[str, Any] = {"identifiers": [{"type": "dns", "value": "a.example"}]}
    return network.post(f"{BASE}/{path}", payload, Deadline(seconds), what="the order")


def asked(authority: Authority, path: str = "newOrder") -> int:
    return authority.paths().count(path)


def test_one_nonce_is_fetched_and_then_each_answer_brings_the_next(
    network: Network, authority: Authority
) -> None:
    for _time in range(5):
        post(network)
    assert authority.paths("HEAD") == ["newNonce"]


def test_a_refused_nonce_is_replaced_by_the_one_in_the_refusal(
    network: Network, authority: Authority
) -> None:
    authority.fail("/newOrder", *[problem("badNonce")] * 20)
    assert post(network).status == 201
    assert asked(authority) == 21
    assert authority.paths("HEAD") == ["newNonce"]


def test_a_ca_that_refuses_every_nonce_is_given_up(network: Network, authority: Authority) -> None:
    authority.fail("/newOrder", *[problem("badNonce")] * 100)
    with pytest.raises(ProblemError, match="badNonce"):
        post(network)
    assert asked(authority) == 30


def test_stale_nonces_of_the_pool(network: Network, authority: Authority) -> None:
    post(network)
    authority.nonces.clear()
    assert post(network).status == 201


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds(
    network: Network, authority: Authority, slept: list[float], status: int
) -> None:
    authority.fail("/newOrder", problem("rateLimited", status, Retry_After=7))
    assert post(network).status == 201
    assert slept == [7]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_as_a_date(
    network: Network, authority: Authority, slept: list[float], status: int
) -> None:
    moment = datetime.now(timezone.utc) + timedelta(seconds=30)
    authority.fail("/newOrder", problem("rateLimited", status, Retry_After=format_datetime(moment)))
    assert post(network).status == 201
    assert 25 < slept[0] <= 30


def test_no_waiting_beyond_the_bound(
    network: Network, authority: Authority, slept: list[float]
) -> None:
    authority.fail("/newOrder", problem("rateLimited", 429, Retry_After=3600))
    with pytest.raises(ProblemError) as caught:
        post(network)
    assert caught.value.problem.retry_after == 3600
    assert "Wait until the time that the CA names" in str(caught.value)
    assert slept == []


def test_no_waiting_beyond_the_deadline(
    network: Network, authority: Authority, slept: list[float]
) -> None:
    authority.fail("/newOrder", problem("serverInternal", 503, Retry_After=20))
    with pytest.raises(ProblemError):
        post(network, seconds=10)
    assert slept == []


def test_a_limit_without_a_time_is_not_hammered(network: Network, authority: Authority) -> None:
    authority.fail("/newOrder", problem("rateLimited", 429))
    with pytest.raises(ProblemError, match="rateLimited"):
        post(network)
    assert asked(authority) == 1


def test_a_ca_that_is_down_is_asked_some_times_with_growing_pauses(
    network: Network, authority: Authority, slept: list[float]
) -> None:
    authority.fail("/newOrder", *[(502, {}, b"<html>Bad gateway</html>")] * 20)
    with pytest.raises(ProblemError, match="HTTP 502"):
        post(network)
    assert asked(authority) == 5
    assert slept == sorted(set(slept))


def test_a_dropped_connection_is_tried_again_with_a_fresh_signature(
    network: Network, authority: Authority
) -> None:
    authority.fail(
        "/newOrder", requests.ConnectionError("reset"), requests.ConnectionError("reset")
    )
    assert post(network).status == 201
    assert asked(authority) == 3


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ChunkedEncodingError("Connection broken: IncompleteRead(310 bytes"),
        requests.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")),
    ],
)
def test_a_connection_that_breaks_in_between_is_tried_again(
    network: Network, authority: Authority, error: Exception
) -> None:
    authority.fail("/newOrder", error, error)
    assert post(network).status == 201
    authority.fail("/newOrder", *[error] * 3)
    with pytest.raises(AcmeError) as caught:
        post(network)
    assert "cannot be reached" in str(caught.value)
    assert "310" not in str(caught.value)
    assert "ca_path" not in str(caught.value)


def test_a_nonce_is_waited_for(network: Network, authority: Authority, slept: list[float]) -> None:
    authority.fail("/newNonce", (503, {"Retry-After": "7"}, b""))
    assert post(network).status == 201
    assert slept == [7]


@pytest.mark.parametrize("when", ["0", "Mon, 01 Jan 2001 00:00:00 GMT"])
def test_a_retry_after_that_has_passed_is_no_reason_to_hurry(
    network: Network, authority: Authority, slept: list[float], when: str
) -> None:
    authority.fail("/newOrder", *[(503, {"Retry-After": when}, b"")] * 3)
    assert post(network).status == 201
    assert slept == sorted(slept)
    assert min(slept) > 0


def test_an_unreachable_ca(network: Network, authority: Authority) -> None:
    authority.fail("/newOrder", *[requests.ConnectionError(OSError(111, "Connection refused"))] * 9)
    with pytest.raises(AcmeError) as caught:
        post(network)
    assert str(caught.value) == (
        "the CA at https://ca.test cannot be reached: Connection refused. Check acme_directory and"
        " the network between this host and the CA."
    )
    assert asked(authority) == 3


def test_a_ca_that_hangs(network: Network, authority: Authority) -> None:
    authority.fail("/newOrder", requests.ReadTimeout("read timeout"))
    with pytest.raises(AcmeError, match="did not answer within 5 seconds"):
        post(network)


def test_a_ca_that_hangs_in_the_middle_of_an_answer(network: Network, authority: Authority) -> None:
    silence = urllib3.exceptions.ReadTimeoutError(None, None, "Read timed out.")  # type: ignore[arg-type]
    authority.fail("/newOrder", requests.ConnectionError(silence))
    with pytest.raises(AcmeError, match="did not answer within 5 seconds"):
        post(network)
    assert asked(authority) == 1


def test_a_ca_with_an_unknown_certificate(network: Network, authority: Authority) -> None:
    reason = ssl.SSLCertVerificationError(1, "self-signed certificate")
    authority.fail("/newOrder", requests.exceptions.SSLError(reason))
    with pytest.raises(AcmeError, match=r"self-signed certificate.*ca_path"):
        post(network)
    assert asked(authority) == 1


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"[]", b"\xff"])
def test_a_directory_that_is_none(
    new_network: NewNetwork, authority: Authority, body: bytes
) -> None:
    authority.fail("/directory", (200, {}, body))
    with pytest.raises(AcmeError, match="not a JSON object"):
        new_network().endpoint("newOrder", Deadline(5))


def test_a_directory_without_the_entry(new_network: NewNetwork) -> None:
    with pytest.raises(AcmeError, match=f"{DIRECTORY} has no entry renewalInfo"):
        new_network().endpoint("renewalInfo", Deadline(5))


def test_a_directory_that_is_not_there(new_network: NewNetwork, authority: Authority) -> None:
    authority.fail("/directory", (404, {}, b"nothing here"))
    with pytest.raises(ProblemError, match=r"Check acme_directory.*HTTP 404"):
        new_network().endpoint("newOrder", Deadline(5))


def test_the_directory_is_read_once(new_network: NewNetwork, authority: Authority) -> None:
    network = new_network()
    for _time in range(3):
        network.endpoint("newOrder", Deadline(5))
    assert authority.paths("GET") == ["directory"]


def test_the_problem_names_url_and_status(network: Network, authority: Authority) -> None:
    authority.fail("/newOrder", problem("rejectedIdentifier", 403))
    with pytest.raises(ProblemError) as caught:
        post(network)
    assert caught.value.problem.url == f"{BASE}/newOrder"
    assert caught.value.problem.status == 403


def test_given_ca_file_wins_over_the_environment(
    new_network: NewNetwork, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/from/environment.pem")
    monkeypatch.setenv("CURL_CA_BUNDLE", "/from/environment.pem")
    network = Network(DIRECTORY, trust=Trust("/given.pem"), timeout=5, connections=1)
    network.session.mount(BASE, authority)
    network.endpoint("newOrder", Deadline(5))
    assert [options["verify"] for options in authority.options] == ["/given.pem"]
    new_network().endpoint("newOrder", Deadline(5))
    assert authority.options[-1]["verify"] == "/from/environment.pem"


def test_proxies_of_the_environment_are_used(
    new_network: NewNetwork, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    new_network().endpoint("newOrder", Deadline(5))
    assert authority.options[-1]["proxies"]["https"] == "http://proxy.test:3128"


def test_a_directory_that_cannot_be_had_is_asked_for_once_a_run(
    new_network: NewNetwork, authority: Authority
) -> None:
    authority.fail("/directory", (404, {}, b"nothing here"))
    network = new_network()
    for _time in range(3):
        with pytest.raises(ProblemError, match="directory: "):
            network.endpoint("newOrder", Deadline(5))
    assert authority.paths("GET") == ["directory"]


def test_alternate_chains_are_found_among_all_links(network: Network, authority: Authority) -> None:
    link = f'<{BASE}/dir>;rel="index", </cert/1/1>;rel="alternate", </cert/1/2>;rel="alternate"'
    nonsense = '<https://[::1>;rel="alternate"'
    authority.fail("/newOrder", (200, {"Link": f"{link}, {nonsense}"}, {}))
    assert post(network).alternates == (f"{BASE}/cert/1/1", f"{BASE}/cert/1/2")
