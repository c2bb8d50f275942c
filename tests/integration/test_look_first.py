# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert looking at names before a CA does, with a real name server and a real nginx."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bed.acme_bed import AcmeBed
from bed.challenge_nginx import ELSEWHERE_DOMAIN, STATELESS_DOMAIN

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def acme() -> Iterator[AcmeBed]:
    with AcmeBed(f"look-first-{os.getpid()}") as running:
        yield running


@pytest.fixture(scope="module")
def run(acme: AcmeBed) -> Run:
    """Run the module, which looks where the CA looks."""
    common = {
        **acme.module_options(),
        "look_resolver": acme.dns.address,
        "look_port": acme.http_port,
        "retry": True,
    }

    def call(check: bool = False, **options: Any) -> dict[str, Any]:
        return acme.ansible.run_module("acme_cert", {**common, **options}, check=check)

    return call


@pytest.fixture
def orders(acme: AcmeBed) -> Callable[[], int]:
    """Count the orders that the CA was given since the test began."""
    log = acme.logs / "pebble.log"

    def count() -> int:
        return log.read_text().count("POST /order-plz")

    before = count()
    return lambda: count() - before


@pytest.fixture
def looks(acme: AcmeBed) -> Callable[[], int]:
    """Count the requests that nginx was sent since the test began."""
    log = acme.logs / "nginx-access.log"

    def count() -> int:
        return len(log.read_text().splitlines())

    before = count()
    return lambda: count() - before


def test_a_name_that_answers_is_issued(
    acme: AcmeBed, run: Run, orders: Callable[[], int], looks: Callable[[], int]
) -> None:
    acme.dns.add("good.example")
    run(check=True, name="good.example")
    assert looks() == 0
    assert run(name="good.example")["changed"]
    assert orders() == 1
    # first ours, and then those of the CA
    looked = looks()
    assert looked > 1
    # where nothing is due, nobody looks
    assert not run(name="good.example")["changed"]
    assert looks() == looked


def test_a_web_server_that_answers_by_itself(acme: AcmeBed, run: Run) -> None:
    name = f"portal.{STATELESS_DOMAIN}"
    acme.dns.add(name)
    acme.nginx.answer_stateless("somebody-else")
    (item,) = run(name=name, challenge="stateless")["certificates"]
    assert item["step"] == "probe"
    assert "answers with the thumbprint of another account's key" in item["error"]
    acme.nginx.answer_stateless(run()["account"]["thumbprint"])
    assert run(name=name, challenge="stateless")["changed"]


def test_names_that_would_fail_never_reach_the_ca(
    acme: AcmeBed, run: Run, orders: Callable[[], int]
) -> None:
    lost, broken = f"lost.{ELSEWHERE_DOMAIN}", "broken.example"
    acme.dns.add("fine.example", lost)
    acme.dns.fail(broken)
    certificates = [
        {"name": "fine.example"},
        {"name": lost, "names": ["fine.example", broken, "unknown.example"]},
    ]
    result = run(certificates=certificates)
    fine, failed = result["certificates"]
    assert fine["changed"]
    assert failed["step"] == "probe"
    details = {each["identifier"]: each["detail"] for each in failed["problem"]["subproblems"]}
    server = f"the name server {acme.dns.address.partition(':')[0]}"
    assert details == {
        broken: f"{server} answers SERVFAIL",
        lost: f"at 127.0.0.1, http://{lost}:{acme.http_port}/.well-known/acme-challenge/TOKEN"
        " answers with HTTP status 404",
        "unknown.example": f"{server} finds no A or AAAA record",
    }
    assert "set look_first to false" in failed["error"]
    assert orders() == 1
    again = run(certificates=certificates)
    assert again["certificates"][1]["error"] == failed["error"]
    assert orders() == 1


def test_one_front_end_of_two_is_missing(
    acme: AcmeBed, run: Run, orders: Callable[[], int]
) -> None:
    acme.dns.add("half.example", address="127.0.0.1")
    acme.dns.add("half.example", address="127.0.0.77")
    (item,) = run(name="half.example")["certificates"]
    assert item["problem"]["type"].endswith(":connection")
    assert "at 127.0.0.77, " in item["error"]
    assert "at 127.0.0.1, " not in item["error"]
    assert orders() == 0


def test_without_a_look_the_ca_finds_out(
    acme: AcmeBed, run: Run, orders: Callable[[], int]
) -> None:
    name = f"unseen.{ELSEWHERE_DOMAIN}"
    acme.dns.add(name)
    (item,) = run(name=name, look_first=False)["certificates"]
    assert item["step"] == "authorization"
    assert orders() == 1


def test_an_option_that_is_no_name_server(run: Run) -> None:
    result = run(name="good.example", look_resolver="dns.example")
    assert result["failed"]
    assert "look_resolver is 'dns.example'. Give the IP address of a name server" in result["msg"]
