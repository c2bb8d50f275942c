# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost with each nginx that Debian has: 12's, 13's, and the one that is developed."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import CATCH_ALL
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS, THUMBPRINT
from integration.nginx_releases import EACH_NGINX, front_end_of

CHALLENGE = "/.well-known/acme-challenge/"
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
NAME = "a.example.com"
OTHER = "b.example.com"


@pytest.fixture(params=EACH_NGINX)
def front_end(request: pytest.FixtureRequest) -> Iterator[BareFrontEnd]:
    """A running nginx of each release, and nothing in it."""
    with front_end_of(request.param) as running:
        yield running
        # Whatever a test did, nginx never warned of it
        assert running.warnings() == []
        assert running.complaints() == []


def errors(outcome: Outcome) -> list[str]:
    found = [item["error"] for item in outcome.results if item["failed"]]
    if outcome.catch_all is not None and outcome.catch_all["failed"]:
        found.append(outcome.catch_all["error"])
    return found


def changed(outcome: Outcome) -> bool:
    items = [*outcome.results, *([outcome.catch_all] if outcome.catch_all else [])]
    return any(item["changed"] for item in items)


def logged(log: Path, requests: int) -> None:
    """Wait for a line of each request: nginx writes it after the answer, so that a client may be earlier."""
    deadline = time.monotonic() + 5
    while len(log.read_text().splitlines()) < requests and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(log.read_text().splitlines()) == requests


def alert(front_end: BareFrontEnd, name: str | None) -> str:
    """The TLS alert that somebody gets who asks for a name, or for none."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((ADDRESS, front_end.https_port), 5) as plain,
        pytest.raises(ssl.SSLError) as raised,
    ):
        context.wrap_socket(plain, server_hostname=name)
    return str(raised.value.reason)


def test_from_nothing_to_a_portal_and_back(front_end: BareFrontEnd) -> None:
    token = front_end.storage / "webroot" / CHALLENGE.strip("/") / TOKEN
    token.write_text("the answer")
    assert errors(front_end.apply(name=NAME, state="bootstrap", catch_all="present")) == []
    assert front_end.get(NAME, CHALLENGE + TOKEN)[::2] == (200, "the answer")
    assert front_end.get(NAME, "/")[0] == 503

    serial = front_end.issue(NAME)
    present = front_end.apply(name=NAME, catch_all="present")
    assert errors(present) == []
    assert present.results[0]["served"]["serial"] == serial == front_end.serial(NAME)
    assert front_end.get(NAME, CHALLENGE + TOKEN)[::2] == (200, "the answer")
    assert front_end.get(NAME, "/")[0] == 301
    assert front_end.get(NAME, "/", tls=True)[::2] == (200, "the frontend")
    assert front_end.get(NAME, "/sitestatic/logo.svg", tls=True)[2] == "a logo"
    authority = f"{NAME}:{front_end.https_port}"
    told = front_end.get(NAME, "/api/v2/theme/", tls=True)[2]
    assert told == f"{authority} https {authority} /api/v2/theme/"

    renewed = front_end.issue(NAME)
    again = front_end.apply(name=NAME, catch_all="present")
    assert (errors(again), again.reloaded, front_end.serial(NAME)) == ([], True, renewed)

    assert errors(front_end.apply(name=NAME, state="disabled", catch_all="present")) == []
    assert alert(front_end, NAME) == "TLSV1_UNRECOGNIZED_NAME"
    assert errors(front_end.apply(name=NAME, state="absent", catch_all="absent")) == []
    assert front_end.snapshot() == {}


def test_a_second_run_is_silent(front_end: BareFrontEnd) -> None:
    front_end.issue(NAME)
    options: dict[str, Any] = {
        "vhosts": [{"name": NAME}, {"name": OTHER, "state": "bootstrap"}],
        "catch_all": "present",
    }
    predicted = front_end.apply(check=True, **options)
    assert front_end.snapshot() == {}
    first = front_end.apply(**options)
    assert (errors(first), first.diff, first.reloaded) == ([], predicted.diff, True)
    before = front_end.snapshot()
    for check in (True, False):
        second = front_end.apply(check=check, **options)
        assert (changed(second), second.reloaded, second.diff) == (False, False, [])
    assert front_end.snapshot() == before


def test_names_that_nobody_configured(front_end: BareFrontEnd) -> None:
    front_end.issue(NAME)
    outcome = front_end.apply(vhosts=[{"name": NAME}], catch_all="present")
    assert outcome.catch_all is not None
    assert outcome.catch_all["left_out"] == {}
    for name in ("unknown.example.com", None):
        assert alert(front_end, name) == "TLSV1_UNRECOGNIZED_NAME"
    # A name in the header that is another than in the handshake
    status, _headers, body = front_end.get(NAME, "/api/v2/x/", tls=True, host="unknown.example.com")
    assert status >= 400
    assert "https" not in body


def test_a_portal_without_a_catch_all(front_end: BareFrontEnd) -> None:
    front_end.issue(NAME)
    outcome = front_end.apply(name=NAME)
    assert (errors(outcome), outcome.catch_all) == ([], None)
    assert not any(CATCH_ALL in path for path in front_end.snapshot())
    assert front_end.get(NAME, "/", tls=True)[2] == "the frontend"


def test_each_version_in_its_own_words(front_end: BareFrontEnd) -> None:
    front_end.issue(NAME)
    front_end.apply(name=NAME, catch_all="present")
    block = (front_end.available / f"{NAME}.conf").read_text()
    catch_all = (front_end.available / f"{CATCH_ALL}.conf").read_text()
    # 1.25.1 was the first with the directive; 1.25.0 the first with HTTP/3
    current = front_end.build.version >= (1, 25, 1)
    assert bool(re.search(r"^\s*http2 on;", block, re.MULTILINE)) is current
    assert bool(re.search(r"listen [^;]* http2", block)) is not current
    assert (" quic;" in block) is current
    assert (" quic " in catch_all) is current
    assert catch_all.count("reuseport") == (1 if current else 0)
    assert ("Alt-Svc" in block) is current


@pytest.mark.parametrize("http3", ["never", "auto"])
def test_http3_is_not_for_everybody(front_end: BareFrontEnd, http3: str) -> None:
    """With ``auto`` it takes the catch-all, which has the one socket for it."""
    front_end.issue(NAME)
    options: dict[str, Any] = {"catch_all": "present"} if http3 == "never" else {}
    assert errors(front_end.apply(vhosts=[{"name": NAME}], http3=http3, **options)) == []
    everything = "".join(path.read_text() for path in front_end.available.iterdir())
    assert "quic" not in everything
    assert "Alt-Svc" not in everything


def test_http2_can_be_off(front_end: BareFrontEnd) -> None:
    front_end.issue(NAME)
    assert errors(front_end.apply(vhosts=[{"name": NAME}], http2=False, catch_all="present")) == []
    everything = "".join(path.read_text() for path in front_end.available.iterdir())
    assert not re.search(r"http2( on)?;", everything)


def test_what_is_no_longer_named_goes(front_end: BareFrontEnd) -> None:
    for name in (NAME, OTHER):
        front_end.issue(name)
    others = front_end.available / "others.conf"
    others.write_text("# somebody else's\n")
    hosts = [{"name": NAME}, {"name": OTHER}, {"name": "c.example.com", "state": "bootstrap"}]
    assert errors(front_end.apply(vhosts=hosts, catch_all="present")) == []
    outcome = front_end.apply(vhosts=hosts[:1], prune=True, keep=["c.example.com"])
    assert errors(outcome) == []
    assert {item["name"]: item["pruned"] for item in outcome.results} == {NAME: False, OTHER: True}
    left = sorted(path.name for path in front_end.available.iterdir() if path.is_file())
    assert left == [f"{CATCH_ALL}.conf", f"{NAME}.conf", "c.example.com.conf", "others.conf"]
    assert alert(front_end, OTHER) == "TLSV1_UNRECOGNIZED_NAME"


@pytest.mark.parametrize("challenge", ["stateless", "redirect"])
def test_other_ways_to_answer(front_end: BareFrontEnd, challenge: str) -> None:
    outcome = front_end.apply(
        vhosts=[{"name": NAME}],
        state="bootstrap",
        challenge=challenge,
        thumbprint=THUMBPRINT,
        challenge_host="issuer.example.com:8080",
        catch_all="present",
    )
    assert errors(outcome) == []
    for name in (NAME, "unknown.example.com"):
        status, headers, body = front_end.get(name, CHALLENGE + TOKEN)
        if challenge == "stateless":
            assert (status, body) == (200, f"{TOKEN}.{THUMBPRINT}")
        else:
            where = f"http://issuer.example.com:8080{CHALLENGE}{TOKEN}"
            assert (status, headers["location"]) == (302, where)


def test_all_that_can_be_said(front_end: BareFrontEnd) -> None:
    for name in (NAME, OTHER):
        front_end.issue(name)
    logs = front_end.directory
    outcome = front_end.apply(
        vhosts=[
            {"name": NAME, "names": ["c.example.com"], "hsts_include_subdomains": True},
            {"name": OTHER, "hsts_max_age": -1, "snippet": "location = /own { return 204; }"},
        ],
        common_snippet="location = /everybody { return 204; }",
        access_log=f"{logs}/portals.log",
        error_log=f"{logs}/portals-error.log",
        catch_all="present",
    )
    assert errors(outcome) == []
    _status, headers, _body = front_end.get(NAME, "/", tls=True)
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    _status, headers, _body = front_end.get(OTHER, "/", tls=True)
    assert "strict-transport-security" not in headers
    assert [front_end.get(OTHER, path, tls=True)[0] for path in ("/own", "/everybody")] == [
        204,
        204,
    ]
    assert front_end.get(NAME, "/own", tls=True)[0] != 204
    logged(logs / "portals.log", requests=5)
