# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual hosts as the server describes them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    VirtualHost,
    VirtualHosts,
    canonical_time,
)
from unit.plugins.module_utils.modoboa.script import Answer, Exchange, Script, page

LIST = "/api/v2/virtualhosts/?page=1&page_size=1000&ordering=name"
PROBE = "/api/v2/domains/?page_size=1"
SHOWN: dict[str, Any] = {
    "pk": 7,
    "name": "mail.a.example",
    "creation": "2026-11-22T12:00:00Z",
    "enabled": True,
    "domains": [{"pk": 2, "name": "b.example"}, {"pk": 1, "name": "A.example"}],
    "has_certificate": True,
    "certificate_valid_until": "2027-01-01T02:00:00.123456+02:00",
    "provisioning_status": "ready",
    "last_provisioning_error": None,
}


def test_representation() -> None:
    (host,) = VirtualHosts(Script(Exchange("GET", LIST, page(SHOWN))).client()).all().values()
    assert host == VirtualHost(
        name="mail.a.example",
        pk=7,
        enabled=True,
        domains=("a.example", "b.example"),
        status="ready",
        error="",
        certificate_valid_until="2027-01-01T00:00:00Z",
    )


def test_entries_are_what_the_server_shows_with_what_is_asked_for() -> None:
    entry = {**SHOWN, "more": 1}
    path = "/api/v2/virtualhosts/?page=1&page_size=1000&enabled=true&ordering=name"
    script = Script(Exchange("GET", path, page(entry)))
    assert VirtualHosts(script.client()).entries(enabled="true") == [entry]


def test_names_have_no_case() -> None:
    assert VirtualHost.from_json({**SHOWN, "name": "Mail.A.example"}).name == "mail.a.example"


@pytest.mark.parametrize("shown", [{}, {**SHOWN, "domains": [1]}, {**SHOWN, "name": 1}, [], None])
def test_unknown_representation(shown: Any) -> None:
    with pytest.raises(errors.UnexpectedAnswerError, match="unknown way"):
        VirtualHost.from_json(shown)


def test_modoboa_without_virtual_hosts() -> None:
    script = Script(
        Exchange("GET", LIST, Answer(404, "<title>Not Found</title>")),
        Exchange("GET", PROBE, page()),
    )
    with pytest.raises(errors.NoVirtualHostsError, match="install the extension") as caught:
        VirtualHosts(script.client()).all()
    assert caught.value.fatal
    assert "(GET /api/v2/virtualhosts/: not found (404: an HTML page titled 'Not Found'))" in str(
        caught.value
    )


@pytest.mark.parametrize(
    "answer", [Answer(404, "<title>Not Found</title>"), Answer(200, "<title>A shop</title>")]
)
def test_no_modoboa_at_all(answer: Answer) -> None:
    script = Script(
        Exchange("GET", LIST, Answer(404, "<title>Not Found</title>")),
        Exchange("GET", PROBE, answer),
    )
    message = r"there is no Modoboa API at .*\(GET /api/v2/virtualhosts/: not found"
    with pytest.raises(errors.NoVirtualHostsError, match=message):
        VirtualHosts(script.client()).all()


def test_deleting_what_is_gone() -> None:
    script = Script(Exchange("DELETE", "/api/v2/virtualhosts/7/", Answer(404, {"detail": "No"})))
    VirtualHosts(script.client()).delete(7)
    assert script.finished()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (None, None),
        ("", None),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00.999Z", "2027-01-01T00:00:00Z"),
        ("2027-01-01T01:00:00+01:00", "2027-01-01T00:00:00Z"),
    ],
)
def test_moments_in_one_spelling(written: str | None, meant: str | None) -> None:
    assert canonical_time(written) == meant


@pytest.mark.parametrize("written", ["tomorrow", "2027-01-01", "2027-01-01T00:00:00"])
def test_no_moments(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical_time(written)
