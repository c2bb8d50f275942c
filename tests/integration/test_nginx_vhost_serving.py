# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost: what a portal answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from integration.front_end import THUMBPRINT, FrontEnd
from integration.nginx_vhost_run import (
    CHALLENGE,
    TOKEN,
    errors,
    running_front_end,
)


@pytest.fixture
def front_end() -> Iterator[FrontEnd]:
    """A running nginx of the test's own."""
    with running_front_end() as running:
        yield running


@pytest.fixture
def portal(front_end: FrontEnd) -> FrontEnd:
    """With a portal at a.example.com that is b.example.com too."""
    front_end.issue("a.example.com")
    outcome = front_end.apply(name="a.example.com", names=["b.example.com"])
    assert errors(outcome) == {}
    return front_end


def test_every_name_leads_to_the_portal(portal: FrontEnd) -> None:
    """Modoboa knows it by one name only."""
    for name, tls in (("a.example.com", False), ("b.example.com", False), ("b.example.com", True)):
        status, headers, _body = portal.get(name, "/login?x=y", tls=tls)
        # Over HTTPS, what is posted is to be posted again
        assert status == (308 if tls else 301)
        assert headers["location"] == f"https://a.example.com:{portal.https_port}/login?x=y"


def test_a_strange_host_header_decides_nothing(portal: FrontEnd) -> None:
    """Even where the portal's block is the default server."""
    config = portal.config.read_text()
    portal.config.write_text(
        re.sub(r"\n  server \{ listen .* return 404; \}", "", config).replace(" default_server", "")
    )
    portal.issue("a.example.com")
    portal.apply(name="a.example.com", names=["b.example.com"])
    _status, headers, _body = portal.get("a.example.com", "/", host="evil.example")
    assert headers["location"] == f"https://a.example.com:{portal.https_port}/"


def test_the_frontend(portal: FrontEnd) -> None:
    def get(path: str) -> tuple[int, str, str | None]:
        status, headers, body = portal.get("a.example.com", path, tls=True)
        return status, body, headers.get("cache-control")

    assert get("/") == (200, "the frontend", "no-cache")
    assert get("/domains/1/edit?x=y") == (200, "the frontend", "no-cache")
    assert get("/config.json") == (200, "{}", "no-store")
    assert get("/assets/a-1234.js") == (200, "1", "public, max-age=31536000, immutable")
    assert get("/assets/b-1234.js")[0] == 404
    assert get("/sitestatic/logo.svg")[:2] == (200, "a logo")
    assert get("/sitestatic/../../nginx.conf")[0] in (400, 404)
    assert get("/media/picture")[:2] == (200, "a picture")
    assert get("/media/")[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/theme/?x=y",
        "/accounts/login/",
        "/reset/confirm_code/",
        "/autodiscover/autodiscover.xml",
        "/mail/config-v1.1.xml",
        "/mobileconfig",
        "/robots.txt",
    ],
)
def test_the_application(portal: FrontEnd, path: str) -> None:
    _status, _headers, body = portal.get("a.example.com", path, tls=True)
    host = f"a.example.com:{portal.https_port}"
    assert body == f"{host} https {host} {path}"


@pytest.mark.parametrize("path", ["/apiary", "/account", "/mobileconfigs", "/robots.txt/x"])
def test_a_page_that_only_begins_like_the_application(portal: FrontEnd, path: str) -> None:
    assert portal.get("a.example.com", path, tls=True)[2] == "the frontend"


def test_another_host_by_an_absolute_address(portal: FrontEnd) -> None:
    """nginx chooses the block by the address; the application must be told the same."""
    address = f"https://a.example.com:{portal.https_port}/api/"
    _status, _headers, body = portal.get(
        "a.example.com", address, tls=True, host="other.example.com"
    )
    assert "other" not in body


@pytest.mark.parametrize("state", ["bootstrap", "present"])
@pytest.mark.parametrize("tls", [False, True])
def test_challenges_without_files(front_end: FrontEnd, state: str, tls: bool) -> None:
    name = "a.example.com"
    if state == "present":
        front_end.issue(name)
    elif tls:
        return
    stateless: dict[str, Any] = {"challenge": "stateless", "thumbprint": THUMBPRINT}
    assert errors(front_end.apply(name=name, state=state, **stateless)) == {}
    status, headers, body = front_end.get(name, CHALLENGE + TOKEN, tls)
    assert (status, body) == (200, f"{TOKEN}.{THUMBPRINT}")
    assert headers["content-type"] == "text/plain"
    for path in ("", "a.b", "%3Cscript%3E", "a/b", "../../etc", "a%0d%0ab", "a="):
        assert front_end.get(name, CHALLENGE + path, tls)[0] in (
            400,
            404,
            503,
            301,
            308,
            200 if tls else 404,
        )
        assert THUMBPRINT not in front_end.get(name, CHALLENGE + path, tls)[2]


def test_files_beside_the_challenges_stay_private(portal: FrontEnd) -> None:
    folder = portal.storage / "webroot" / CHALLENGE.strip("/")
    (folder / "not.a.token").write_text("secret")
    (portal.storage / "webroot" / "secret").write_text("secret")
    for path in ("not.a.token", "", "../../secret", "..%2f..%2fsecret"):
        for tls in (False, True):
            assert "secret" not in portal.get("a.example.com", CHALLENGE + path, tls)[2]


def test_uwsgi(front_end: FrontEnd) -> None:
    front_end.issue("a.example.com")
    outcome = front_end.apply(name="a.example.com", application_protocol="uwsgi")
    assert errors(outcome) == {}
