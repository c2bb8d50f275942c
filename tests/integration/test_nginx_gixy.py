# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gixy, which looks for security mistakes in nginx configurations, says about all blocks."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from bed.nginx_releases import NGINX_BOOKWORM, NGINX_SID, NGINX_TRIXIE
from integration.bare_front_end import BareFrontEnd
from integration.front_end import THUMBPRINT
from integration.nginx_releases import front_end_of
from integration.nginx_tools import python

STATES = ("present", "bootstrap", "disabled")
CHALLENGES: dict[str, dict[str, Any]] = {
    "webroot": {},
    "stateless": {"thumbprint": THUMBPRINT},
    "redirect": {"challenge_host": "issuer.example.com"},
}


@pytest.fixture
def front_end(request: pytest.FixtureRequest) -> Iterator[BareFrontEnd]:
    """A running nginx with its blocks still to come."""
    with front_end_of(request.param) as running:
        yield running


def findings(front_end: BareFrontEnd) -> list[str]:
    """What is of medium or higher severity, in the blocks that are available."""
    # Those of disabled hosts, too
    text = front_end.config.read_text().replace("/sites-enabled/*", "/sites-available/*")
    config = front_end.directory / "all.conf"
    # That of the tests is no part of what is looked at, but is to be as clean
    config.write_text(f"worker_rlimit_nofile 4096;\n{text}")
    done = subprocess.run(
        [python().with_name("gixy"), "-ll", "--format", "json", config],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return [
        f"{entry['severity']} {entry['plugin']}: {entry['reason']} {entry['config']}"
        for entry in json.loads(done.stdout)
    ]


def hosts(challenge: str) -> list[dict[str, Any]]:
    """One in each state, for each protocol and kind of address, with and without what can be said."""
    found = []
    kinds = itertools.product(
        STATES, ("http", "uwsgi"), ("unix:/run/a.sock", "127.0.0.1:9"), (0, 1)
    )
    for number, (state, protocol, application, more) in enumerate(kinds):
        host: dict[str, Any] = {
            "name": f"h{number}.{challenge}.example.com",
            "state": state,
            "application": application,
            "application_protocol": protocol,
        }
        if more:
            host |= {
                "names": [f"w{number}.{challenge}.example.com"],
                "hsts_include_subdomains": True,
                "snippet": "location = /own { return 204; }",
            }
        found.append(host)
    return found


@pytest.mark.parametrize(
    "front_end",
    [
        pytest.param(NGINX_BOOKWORM, id="without-http3"),
        pytest.param(NGINX_TRIXIE, id="with-http3"),
        # The blocks are the same; gixy does not run nginx
        pytest.param(NGINX_SID, id="newest", marks=pytest.mark.extended),
    ],
    indirect=True,
)
def test_nothing_of_medium_or_higher(front_end: BareFrontEnd) -> None:
    asked = {"challenge_peers": ["192.0.2.1", "[2001:db8::1]:8080"]}
    for challenge, options in [*CHALLENGES.items(), ("webroot", asked)]:
        for host in hosts(challenge):
            front_end.issue(host["name"])
        outcome = front_end.apply(
            vhosts=hosts(challenge),
            challenge=challenge,
            common_snippet="location = /everybody { return 204; }",
            catch_all="present",
            **options,
        )
        assert not any(item["error"] for item in outcome.results)
        assert findings(front_end) == []


@pytest.mark.parametrize("front_end", [NGINX_BOOKWORM], indirect=True, ids=["nginx"])
@pytest.mark.parametrize(
    ("ours", "worse", "plugin"),
    [
        ("location ^~ /sitestatic/ {", "location ^~ /sitestatic {", "alias_traversal"),
        ("TLSv1.2 TLSv1.3", "TLSv1 TLSv1.2", "weak_ssl_tls"),
        ("server_tokens off;", "server_tokens on;", "version_disclosure"),
        ("$request_uri", "$uri", "http_splitting"),
    ],
)
def test_it_would_be_found(front_end: BareFrontEnd, ours: str, worse: str, plugin: str) -> None:
    name = "a.example.com"
    front_end.issue(name)
    front_end.apply(name=name)
    block = front_end.available / f"{name}.conf"
    assert ours in block.read_text()
    assert findings(front_end) == []
    block.write_text(block.read_text().replace(ours, worse))
    assert any(f" {plugin}:" in finding for finding in findings(front_end))
