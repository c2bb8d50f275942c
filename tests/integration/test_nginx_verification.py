# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx_vhost makes sure of after a reload: certificates, and answers to challenges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bed.nginx_releases import NGINX_BOOKWORM
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS, THUMBPRINT
from integration.nginx_faults.sites import changed, errors, prediction, stamps
from integration.nginx_releases import front_end_of

NAME, OTHER = "a.example.com", "b.example.com"
STATELESS: dict[str, Any] = {"challenge": "stateless", "thumbprint": THUMBPRINT}


@pytest.fixture
def front_end() -> Iterator[BareFrontEnd]:
    """A running nginx that has nothing to serve."""
    with front_end_of(NGINX_BOOKWORM, workers=1) as running:
        yield running


def claim(front_end: BareFrontEnd, directive: str) -> None:
    """Let somebody else answer everybody who asks over HTTP, in nginx's own ways to prefer a block."""
    # nginx prefers the block that listens on the very address. The second one keeps the socket what
    # it is when our block goes: no reload makes one for a single address of one for all
    port = front_end.http_port
    (front_end.enabled / "other").write_text(
        f"server {{ listen {ADDRESS}:{port}; server_name _; {directive} }}\n"
        f"server {{ listen *:{port}; server_name _; return 444; }}\n"
    )


@pytest.mark.parametrize("state", ["bootstrap", "present"])
@pytest.mark.parametrize(
    ("directive", "words"),
    [
        ("return 301 https://$host$request_uri;", "status 301"),
        ("return 404;", "status 404"),
        ("return 200 hello;", "something else than the token"),
    ],
)
def test_an_answer_of_somebody_else(
    front_end: BareFrontEnd, state: str, directive: str, words: str
) -> None:
    front_end.issue(NAME)
    claim(front_end, directive)
    before = stamps(front_end)
    options: dict[str, Any] = {
        "state": state,
        "vhosts": [{"name": NAME}],
        "listen_addresses": ["*"],
        **STATELESS,
    }
    outcome = front_end.apply(**options)
    assert f"answers a challenge with {words}" in errors(outcome)[NAME]
    assert stamps(front_end) == before
    # The operator who knows better says so
    assert errors(front_end.apply(**options, verify=False)) == {}


def test_an_answer_that_says_nothing(front_end: BareFrontEnd) -> None:
    """nginx was told to limit requests: that is no reason to take a portal offline."""
    front_end.write_config(
        more="limit_req_zone $binary_remote_addr zone=all:1m rate=1r/m; limit_req zone=all;"
    )
    hosts = [{"name": name, "state": "bootstrap"} for name in (NAME, OTHER)]
    assert errors(front_end.apply(vhosts=hosts, **STATELESS)) == {}


def test_every_name_is_asked_for(front_end: BareFrontEnd) -> None:
    """A template that answers under the first name only."""
    folder = front_end.directory / "templates"
    folder.mkdir()
    options: dict[str, Any] = {"state": "bootstrap", "templates": str(folder), **STATELESS}
    (folder / "challenge.conf.j2").write_text(
        'location ~ "^/\\.well-known/acme-challenge/([A-Za-z0-9_-]+)$" {\n'
        f'  if ($host = "{OTHER}") {{ return 403; }}\n'
        f'  return 200 "$1.{THUMBPRINT}";\n'
        "}\n"
    )
    outcome = front_end.apply(name=NAME, names=[OTHER], **options)
    assert f"for {OTHER}, nginx at" in errors(outcome)[NAME]
    assert "status 403" in errors(outcome)[NAME]
    assert errors(front_end.apply(name=NAME, **options)) == {}


@pytest.mark.parametrize("address", [None, "::1", "[::1]"])
def test_over_ipv6(front_end: BareFrontEnd, address: str | None) -> None:
    serial = front_end.issue(NAME)
    options: dict[str, Any] = {"listen_addresses": ["[::1]"], "verify_address": address}
    outcome = front_end.apply(name=NAME, **STATELESS, **options)
    assert errors(outcome) == {}
    assert outcome.results[0]["served"]["serial"] == serial
    again = front_end.apply(name=NAME, **STATELESS, **options)
    assert (changed(again), again.reloaded) == ([], False)


def test_nobody_at_an_address_of_ipv6(front_end: BareFrontEnd) -> None:
    front_end.issue(NAME)
    outcome = front_end.apply(name=NAME, verify_address="::1")
    assert f"no TLS connection for {NAME} at ::1 port" in errors(outcome)[NAME]
    assert stamps(front_end) == {}
    outcome = front_end.apply(name=OTHER, state="bootstrap", verify_address="[::1]", **STATELESS)
    assert f"no HTTP connection for {OTHER} at ::1 port" in errors(outcome)[OTHER]
    assert stamps(front_end) == {}


@pytest.mark.parametrize("there", [True, False], ids=["served before", "new in the same run"])
def test_a_block_that_claims_the_name_of_another_host(front_end: BareFrontEnd, there: bool) -> None:
    """A snippet or a template can do that. The one that does it fails, not the one whose name it is."""
    serials = {name: front_end.issue(name) for name in (NAME, OTHER)}
    if there:
        assert errors(front_end.apply(name=OTHER)) == {}

    def edit(rendered: dict[str, dict[str, str]]) -> None:
        text = rendered[NAME]["present"]
        rendered[NAME]["present"] = text.replace(
            "ssl_certificate ", f"server_name {OTHER};\n  ssl_certificate "
        )

    outcome = front_end.apply(vhosts=[{"name": NAME}, {"name": OTHER}], edit=edit)
    assert list(errors(outcome)) == [NAME]
    assert f"claims the name {OTHER}, which is none of this host's" in errors(outcome)[NAME]
    assert f"/{OTHER}.conf" in errors(outcome)[NAME]
    assert changed(outcome) == ([] if there else [OTHER])
    assert front_end.serial(OTHER) == serials[OTHER]


def test_an_address_that_another_block_has_alone(front_end: BareFrontEnd) -> None:
    """nginx asks no block for all addresses there, so nobody from outside may reach the portal."""
    port = front_end.https_port
    default = f"server {{ listen {port} ssl default_server; ssl_reject_handshake on; }}"
    front_end.write_config(more=f"server {{ listen 127.0.0.2:{port}; }} {default}")
    front_end.stop()
    front_end.start()
    front_end.issue(NAME)
    options: dict[str, Any] = {"name": NAME, "listen_addresses": ["*"]}
    predicted = front_end.apply(check=True, **options)
    outcome = front_end.apply(**options)
    assert prediction(outcome) == prediction(predicted)
    (warning,) = outcome.warnings
    assert f"connections to 127.0.0.2 port {port} do not reach" in warning
    assert str(front_end.config) in warning
    listening = ["*", "127.0.0.2"]
    assert front_end.apply(name=NAME, listen_addresses=listening).warnings == []
