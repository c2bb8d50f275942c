# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost against Debian's nginx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from bed import Bed
from integration.front_end import FrontEnd
from integration.nginx_vhost_run import (
    CHALLENGE,
    TOKEN,
    changed,
    errors,
    running_front_end,
    states,
)


@pytest.fixture
def front_end() -> Iterator[FrontEnd]:
    """A running nginx of the test's own."""
    with running_front_end() as running:
        yield running


# The chain of states


def test_from_nothing_to_a_portal_and_back(front_end: FrontEnd) -> None:
    name = "a.example.com"
    token = front_end.storage / "webroot" / CHALLENGE.strip("/") / TOKEN
    token.write_text("the answer")

    bootstrap = front_end.apply(name=name, state="bootstrap")
    assert (errors(bootstrap), states(bootstrap), bootstrap.reloaded) == (
        {},
        {name: "bootstrap"},
        True,
    )
    # At once: a CA does not wait
    assert front_end.get(name, CHALLENGE + TOKEN)[::2] == (200, "the answer")
    assert front_end.get(name, "/")[0] == 503

    serial = front_end.issue(name)
    present = front_end.apply(name=name)
    assert (errors(present), states(present), present.reloaded) == ({}, {name: "present"}, True)
    assert present.results[0]["served"]["serial"] == serial == front_end.serial(name)
    assert front_end.get(name, CHALLENGE + TOKEN)[::2] == (200, "the answer")
    status, headers, _body = front_end.get(name, "/some/page?and=more")
    assert (status, headers["location"]) == (
        301,
        f"https://{name}:{front_end.https_port}/some/page?and=more",
    )

    disabled = front_end.apply(name=name, state="disabled")
    assert states(disabled) == {name: "disabled"}
    assert front_end.get(name, "/")[0] == 404

    absent = front_end.apply(name=name, state="absent")
    assert states(absent) == {name: "absent"}
    assert front_end.snapshot() == {}


def test_a_second_run_is_silent(front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    hosts = [{"name": "a.example.com"}, {"name": "b.example.com", "state": "bootstrap"}]
    assert all(changed(front_end.apply(vhosts=hosts)).values())
    before = front_end.snapshot()
    second = front_end.apply(vhosts=hosts)
    assert not any(changed(second).values())
    assert (second.reloaded, second.diff, second.recovered) == (False, [], False)
    assert front_end.snapshot() == before


def test_bootstrap_keeps_a_portal_online(front_end: FrontEnd) -> None:
    name = "a.example.com"
    front_end.issue(name)
    front_end.apply(name=name)
    again = front_end.apply(name=name, state="bootstrap")
    assert (changed(again), states(again)) == ({name: False}, {name: "present"})
    # A name more: the challenge for it is answered, and nothing else is lost
    wider = front_end.apply(name=name, names=["b.example.com"], state="bootstrap")
    assert (changed(wider), states(wider)) == ({name: True}, {name: "present"})
    assert front_end.get(name, "/", tls=True)[2] == "the frontend"
    assert front_end.get("b.example.com", CHALLENGE + TOKEN)[0] == 404


@pytest.mark.parametrize("damage", ["no key", "another key", "rubbish", "no chain"])
def test_present_without_a_certificate(front_end: FrontEnd, damage: str) -> None:
    for name in ("a.example.com", "b.example.com"):
        front_end.issue(name)
    certificate = front_end.storage / "certs" / "a.example.com"
    key = certificate / "privkey.pem"
    if damage == "no key":
        key.unlink()
    elif damage == "another key":
        key.write_bytes((front_end.storage / "certs/b.example.com/privkey.pem").read_bytes())
    elif damage == "rubbish":
        (certificate / "fullchain.pem").write_text("rubbish")
    else:
        (certificate / "fullchain.pem").unlink()
    hosts = [{"name": "a.example.com"}, {"name": "b.example.com"}]
    outcome = front_end.apply(vhosts=hosts)
    assert list(errors(outcome)) == ["a.example.com"]
    assert "there is no certificate that nginx could load" in errors(outcome)["a.example.com"]
    assert states(outcome) == {"a.example.com": "absent", "b.example.com": "present"}
    assert errors(front_end.apply(vhosts=hosts)) == errors(outcome)
    assert states(front_end.apply(vhosts=hosts, state="bootstrap"))["a.example.com"] == "bootstrap"


def test_a_renewed_certificate(front_end: FrontEnd) -> None:
    hosts = [{"name": "a.example.com"}, {"name": "b.example.com"}]
    for host in hosts:
        front_end.issue(host["name"])
    front_end.apply(vhosts=hosts)
    before = front_end.snapshot()
    serial = front_end.issue("a.example.com")
    renewed = front_end.apply(vhosts=hosts)
    assert changed(renewed) == {"a.example.com": True, "b.example.com": False}
    assert renewed.reloaded
    assert front_end.serial("a.example.com") == serial
    assert front_end.snapshot() == before
    assert not any(changed(front_end.apply(vhosts=hosts)).values())


def test_a_renewed_certificate_without_looking(front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    front_end.apply(name="a.example.com")
    serial = front_end.issue("a.example.com")
    assert not front_end.apply(name="a.example.com", verify=False).reloaded
    assert front_end.apply(name="a.example.com", verify=False, renewed=["a.example.com"]).reloaded
    assert front_end.serial("a.example.com") == serial


def test_a_renewed_certificate_with_another_key(front_end: FrontEnd) -> None:
    hosts = [{"name": "a.example.com"}, {"name": "b.example.com"}]
    for host in hosts:
        front_end.issue(host["name"])
    front_end.apply(vhosts=hosts)
    before, key = front_end.snapshot(), front_end.storage / "certs/a.example.com/privkey.pem"
    old = key.read_bytes()
    served = front_end.serial("a.example.com")
    front_end.issue("a.example.com")
    new = key.read_bytes()
    key.write_bytes(old)
    every = [*hosts, {"name": "c.example.com", "state": "bootstrap"}]
    predicted = front_end.apply(check=True, vhosts=every)
    outcome = front_end.apply(vhosts=every)
    assert errors(outcome) == errors(predicted)
    assert "do not belong together" in errors(outcome)["a.example.com"]
    # nginx takes nothing at all with it, and nobody is told otherwise
    assert "/certs/a.example.com/privkey.pem" in errors(outcome)["c.example.com"]
    assert not any(changed(outcome).values())
    assert (front_end.serial("a.example.com"), front_end.snapshot()) == (served, before)
    key.write_bytes(new)
    assert errors(front_end.apply(vhosts=every)) == {}
    assert front_end.serial("a.example.com") != served


def test_a_lost_certificate_is_no_trap(front_end: FrontEnd) -> None:
    """nginx cannot load what it runs with any more: bootstrap, and absent, are the ways out."""
    for name in ("a.example.com", "b.example.com"):
        front_end.issue(name)
        front_end.apply(name=name)
        (front_end.storage / "certs" / name / "fullchain.pem").unlink()
    new = [{"name": "c.example.com", "state": "bootstrap"}]
    refused = front_end.apply(vhosts=new)
    assert "was broken already" in errors(refused)["c.example.com"]
    out = [
        {"name": "a.example.com", "state": "bootstrap"},
        {"name": "b.example.com", "state": "absent"},
    ]
    outcome = front_end.apply(vhosts=[*out, *new])
    assert errors(outcome) == {}
    assert list(states(outcome).values()) == ["bootstrap", "absent", "bootstrap"]


# Check mode


def prediction(outcome: Outcome) -> tuple[Any, ...]:
    """What check mode has to tell exactly: all but the certificate that is still to be served."""
    hosts = [
        {key: value for key, value in item.items() if key != "served"} for item in outcome.results
    ]
    return hosts, outcome.diff, outcome.reloaded


def test_check_mode_is_what_happens(front_end: FrontEnd) -> None:
    names = ("a.example.com", "b.example.com")
    chain: list[dict[str, Any]] = [
        {"state": "bootstrap", "vhosts": [{"name": name} for name in names]},
        {"vhosts": [{"name": "a.example.com"}], "renewed": ["a.example.com"]},
        {"vhosts": [{"name": "a.example.com"}], "renewed": ["a.example.com"]},
        {"name": "a.example.com", "names": ["www.a.example.com"], "renewed": ["a.example.com"]},
        {"name": "a.example.com", "renewed": ["b.example.com"]},
        {"name": "b.example.com"},
        {"state": "disabled", "name": "a.example.com"},
        {"state": "absent", "vhosts": [{"name": name} for name in names]},
    ]
    for options in chain:
        before = front_end.snapshot()
        predicted = front_end.apply(check=True, **options)
        assert front_end.snapshot() == before
        for name in set(options.get("renewed", [])) - {"b.example.com"}:
            front_end.issue(name)
        real = front_end.apply(**options)
        assert prediction(real) == prediction(predicted), options
        assert (real.diff != []) == (options != {"name": "b.example.com"})
        again = front_end.apply(**options)
        assert (again.reloaded, again.diff) == (False, [])
    assert front_end.snapshot() == {}


# Through Ansible: what only the whole shows


def task(bed: Bed, front_end: FrontEnd, check: bool = False, **options: Any) -> dict[str, Any]:
    return bed.ansible.run_module("nginx_vhost", front_end.options(**options), check=check)


def test_a_task(bed: Bed, front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    options: dict[str, Any] = {
        "state": "bootstrap",
        "vhosts": [{"name": "a.example.com"}, {"name": "b.example.com"}],
    }
    predicted = task(bed, front_end, check=True, **options)
    assert front_end.snapshot() == {}
    real = task(bed, front_end, **options)
    for result in (predicted, real):
        result["vhosts"] = [{**item, "served": None} for item in result["vhosts"]]
    for key in ("changed", "failed", "reloaded", "diff", "vhosts"):
        assert predicted[key] == real[key]
    assert len(real["diff"]) == 4
    again = task(bed, front_end, **options)
    assert (again["changed"], again["reloaded"], again["diff"]) == (False, False, [])


def test_no_secret_is_shown(bed: Bed, front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    result = task(bed, front_end, name="a.example.com")
    assert result["changed"]
    assert "PRIVATE KEY" not in str(result)
    assert "rendered" not in result.get("invocation", {}).get("module_args", {})


@pytest.mark.parametrize(
    "options",
    [
        {"name": "a.example.com;"},
        {"name": "a.example.com", "names": ["b.example.com {"]},
        {"name": "../../etc/passwd"},
        {"name": "a.example.com", "frontend_root": '/srv"; root "/'},
        {"name": "a.example.com", "media_root": "/srv/${request_uri}"},
        {"name": "a.example.com", "application": "unix:/a.sock; return 200 x"},
        {"name": "a.example.com", "client_max_body_size": "1m; return 200"},
        {"name": "a.example.com", "listen_addresses": ["127.0.0.1 default_server"]},
    ],
)
def test_syntax_in_a_value(bed: Bed, front_end: FrontEnd, options: dict[str, Any]) -> None:
    result = task(bed, front_end, state="bootstrap", **options)
    assert result["failed"]
    assert "vhosts" not in result
    assert front_end.snapshot() == {}


def test_one_failure_fails_the_task_and_stops_nothing(bed: Bed, front_end: FrontEnd) -> None:
    front_end.issue("b.example.com")
    hosts = [{"name": "a.example.com"}, {"name": "b.example.com"}]
    result = task(bed, front_end, vhosts=hosts)
    assert result["failed"]
    assert result["msg"].startswith("1 of 2 virtual hosts failed: a.example.com: there is no cert")
    assert [item["failed"] for item in result["vhosts"]] == [True, False]
    assert front_end.get("b.example.com", "/", tls=True)[2] == "the frontend"
