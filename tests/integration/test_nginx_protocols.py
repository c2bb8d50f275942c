# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/2, HTTP/3 and TLS as clients speak them with the portals, behind the catch-all."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed.command import run
from bed.nginx_releases import NGINX_BOOKWORM, NGINX_TRIXIE, NginxRelease
from bed.prefix import find
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS
from integration.nginx_releases import EACH_NGINX, EACH_WITH_HTTP3, front_end_of
from integration.nginx_tools import run_script
from playwright.sync_api import sync_playwright

NAME = "a.example.com"
OTHER = "b.example.com"
CHROMIUM = "/usr/bin/chromium"
# TLS's alert unrecognized_name, as QUIC says it: 0x100 and its number
UNRECOGNIZED_NAME = 0x100 + 112
WORKERS = 4


@pytest.fixture
def front_end(release: NginxRelease) -> Iterator[BareFrontEnd]:
    """Two portals and the catch-all, in an nginx with more workers than one."""
    with front_end_of(release, workers=WORKERS) as running:
        for name in (NAME, OTHER):
            running.issue(name)
        outcome = running.apply(vhosts=[{"name": NAME}, {"name": OTHER}], catch_all="present")
        assert not any(item["error"] for item in outcome.results)
        yield running
        assert running.complaints() == []


# HTTP/2


@pytest.mark.parametrize("release", EACH_NGINX)
def test_curl_gets_http2(front_end: BareFrontEnd) -> None:
    port = front_end.https_port
    answer = run(
        [
            *("curl", "--silent", "--show-error", "--insecure", "--http2"),
            *("--resolve", f"{NAME}:{port}:{ADDRESS}"),
            *("--write-out", "\n%{http_version} %{response_code}", f"https://{NAME}:{port}/"),
        ],
        purpose="asking with curl",
    )
    assert answer.splitlines() == ["the frontend", "2 200"]


@pytest.mark.parametrize("release", EACH_NGINX)
def test_a_browser_gets_http2(front_end: BareFrontEnd, tmp_path: Path) -> None:
    assert protocol_of_browser(front_end, tmp_path, "--disable-quic") == "h2"


def protocol_of_browser(front_end: BareFrontEnd, profile: Path, *flags: str) -> str:
    """What Chromium says that it got the page by."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            headless=True,
            ignore_https_errors=True,
            args=[
                *("--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update"),
                f"--host-resolver-rules=MAP * {ADDRESS}",
                *flags,
            ],
        )
        try:
            page = context.pages[0]
            page.goto(f"https://{NAME}:{front_end.https_port}/")
            assert page.inner_text("body") == "the frontend"
            found = page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")
        finally:
            context.close()
    return str(found)


# HTTP/3


def ask(
    front_end: BareFrontEnd, name: str, connections: int, *paths: str
) -> list[list[tuple[int, dict[str, str], str]] | int]:
    """The answers that each of some connections gets over HTTP/3, see http3_client.py."""
    port = str(front_end.https_port)
    answers: list[Any] = json.loads(
        run_script("http3_client.py", ADDRESS, port, name, str(connections), *paths)
    )
    return answers


@pytest.mark.parametrize("release", EACH_WITH_HTTP3)
def test_a_browser_gets_http3(front_end: BareFrontEnd, tmp_path: Path) -> None:
    """At once, without having been there over HTTP/2, which takes a CA that it trusts by itself."""
    chain = (front_end.storage / "certs" / NAME / "fullchain.pem").read_bytes()
    key = x509.load_pem_x509_certificate(chain).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trusted = base64.b64encode(hashlib.sha256(der).digest()).decode()
    flags = [
        f"--origin-to-force-quic-on={NAME}:{front_end.https_port}",
        f"--ignore-certificate-errors-spki-list={trusted}",
    ]
    assert protocol_of_browser(front_end, tmp_path, *flags) == "h3"


@pytest.mark.parametrize("release", EACH_WITH_HTTP3)
def test_http3(front_end: BareFrontEnd) -> None:
    authority = f"{NAME}:{front_end.https_port}"
    paths = ["/", "/sitestatic/logo.svg", "/api/v2/theme/", "/assets/a-1234.js"]
    for number, answers in enumerate(ask(front_end, NAME, 40, *paths)):
        assert isinstance(answers, list), f"connection {number} was refused: {answers}"
        assert [(status, body) for status, _headers, body in answers] == [
            (200, "the frontend"),
            (200, "a logo"),
            (200, f"{authority} https {authority} /api/v2/theme/"),
            (200, "1"),
        ]


@pytest.mark.parametrize("release", EACH_WITH_HTTP3)
def test_http3_goes_on_after_a_reload(front_end: BareFrontEnd) -> None:
    front_end.issue("c.example.com")
    for state in ("present", "absent", "present"):
        outcome = front_end.apply(name="c.example.com", state=state, catch_all="present")
        assert (outcome.results[0]["error"], outcome.reloaded) == (None, True)
        for answers in ask(front_end, OTHER, 10, "/"):
            assert isinstance(answers, list)
            assert answers[0][0] == 200
    assert all(isinstance(answers, list) for answers in ask(front_end, "c.example.com", 10, "/"))


@pytest.mark.parametrize("release", EACH_WITH_HTTP3)
def test_a_name_that_nobody_configured_gets_no_http3(front_end: BareFrontEnd) -> None:
    assert set(map(str, ask(front_end, "unknown.example.com", 4, "/"))) == {str(UNRECOGNIZED_NAME)}


@pytest.mark.parametrize("release", EACH_WITH_HTTP3)
def test_http3_is_announced(front_end: BareFrontEnd) -> None:
    paths = ["/", "/config.json", "/assets/a-1234.js", "/sitestatic/logo.svg", "/media/picture"]
    for path in [*paths, "/api/v2/theme/", "/not/there.png", "/sitestatic/not-there"]:
        headers = front_end.get(NAME, path, tls=True)[1]
        assert headers["alt-svc"] == f'h3=":{front_end.https_port}"; ma=86400', path


@pytest.mark.parametrize("release", [pytest.param(NGINX_BOOKWORM, id=NGINX_BOOKWORM.name)])
def test_http3_is_not_announced_where_it_is_not(front_end: BareFrontEnd) -> None:
    assert "alt-svc" not in front_end.get(NAME, "/", tls=True)[1]


# TLS


def handshake(
    front_end: BareFrontEnd, *more: str | Path, openssl: str | Path = "openssl", name: str = NAME
) -> str:
    """What OpenSSL's client says about a connection over which it makes a request."""
    where = f"{ADDRESS}:{front_end.https_port}"
    done = subprocess.run(
        [openssl, "s_client", "-connect", where, "-servername", name, "-ign_eof", *more],
        # nginx sends a session of TLS 1.3 after the handshake: the answer comes after that
        input=f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("version", ["tls1_2", "tls1_3"])
@pytest.mark.parametrize("release", EACH_NGINX)
def test_sessions_are_resumed(front_end: BareFrontEnd, version: str, tmp_path: Path) -> None:
    """nginx looks for them where the default server keeps its own."""
    for name in (NAME, OTHER):
        session = tmp_path / name
        first = handshake(front_end, f"-{version}", "-sess_out", session, name=name)
        assert re.search(r"^New, TLS", first, re.MULTILINE)
        assert "the frontend" in first
        # By whatever worker
        for _time in range(WORKERS):
            again = handshake(front_end, f"-{version}", "-sess_in", session, name=name)
            assert re.search(r"^Reused, TLS", again, re.MULTILINE), again
            assert "the frontend" in again


@pytest.mark.parametrize("release", EACH_NGINX)
def test_a_name_that_nobody_configured_gets_no_certificate(front_end: BareFrontEnd) -> None:
    for version in ("-tls1_2", "-tls1_3"):
        said = handshake(front_end, version, name="unknown.example.com")
        assert "unrecognized name" in said
        assert "no peer certificate available" in said
    status, headers, body = front_end.get("unknown.example.com", "/api/v2/theme/")
    assert status == 404
    assert "location" not in headers
    assert "api" not in body


@pytest.mark.parametrize("release", EACH_NGINX)
def test_keys_that_outlive_todays_computers(front_end: BareFrontEnd, release: NginxRelease) -> None:
    """With OpenSSL 3.5 and newer; the others agree on what all browsers have had for long."""
    NGINX_TRIXIE.install(find())
    openssl = find().bin / "openssl-trixie"
    groups = ("-groups", "X25519MLKEM768:X25519:P-256")
    said = handshake(front_end, *groups, openssl=openssl)
    wanted = "X25519" if release is NGINX_BOOKWORM else "X25519MLKEM768"
    assert re.search(rf"^(?:Negotiated TLS1.3 group|Peer Temp Key): {wanted}\b", said, re.MULTILINE)
    # A client that knows no better is served all the same
    for group in ("X25519", "P-256", "P-384"):
        assert "the frontend" in handshake(front_end, "-groups", group, openssl=openssl)
    assert "the frontend" not in handshake(front_end, "-groups", "P-521", openssl=openssl)
