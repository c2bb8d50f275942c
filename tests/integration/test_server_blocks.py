# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What server blocks serve, by each nginx that Debian has."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS, THUMBPRINT
from integration.nginx_releases import EACH_NGINX
from integration.portals_served import (
    CHALLENGE,
    NAME,
    OTHER,
    TOKEN,
    apply,
    front_end_with_certificates,
    headers_of,
)

HSTS = "strict-transport-security"


@pytest.fixture(params=EACH_NGINX)
def front_end(request: pytest.FixtureRequest) -> Iterator[BareFrontEnd]:
    """A running nginx of each release, and the certificates of two names."""
    with front_end_with_certificates(request.param) as running:
        yield running


GUARDS = {
    "a password": "auth_basic private; auth_basic_user_file {directory}/passwords;",
    "a subrequest": "auth_request /assets/nobody-may;",
    "addresses": "deny all;",
}


@pytest.mark.parametrize("guard", GUARDS)
def test_challenges_pass_every_guard(front_end: BareFrontEnd, guard: str) -> None:
    """Of all of nginx, and of a snippet."""
    (front_end.directory / "passwords").write_text("")
    text = GUARDS[guard].format(directory=front_end.directory)
    (front_end.storage / "webroot" / CHALLENGE.strip("/") / TOKEN).write_text("the answer")
    front_end.write_config(more=text)
    apply(front_end, vhosts=[{"name": NAME, "snippet": text}, {"name": OTHER}], common_snippet="#")
    for tls in (False, True):
        assert front_end.get(NAME, CHALLENGE + TOKEN, tls)[::2] == (200, "the answer")
        assert front_end.get(OTHER, CHALLENGE + TOKEN, tls)[::2] == (200, "the answer")
    assert front_end.get("unknown.example.com", CHALLENGE + TOKEN)[::2] == (200, "the answer")
    assert front_end.get(NAME, "/", tls=True)[0] in (401, 403, 500)


def test_challenges_of_another_front_end(front_end: BareFrontEnd) -> None:
    options = {"challenge": "redirect", "challenge_host": "issuer.example.com:8080"}
    apply(front_end, **options)
    for name in (NAME, "unknown.example.com"):
        status, headers, _body = front_end.get(name, CHALLENGE + TOKEN)
        where = f"http://issuer.example.com:8080{CHALLENGE}{TOKEN}"
        assert (status, headers["location"]) == (302, where)
        for path in ("", "a.b", "a/b", "a%0d%0ab", "%2e%2e%2fx", "a?b=c"):
            where = front_end.get(name, CHALLENGE + path)[1].get("location", "")
            assert "issuer" not in where or where.endswith(f"{CHALLENGE}a")


def test_snippets(front_end: BareFrontEnd) -> None:
    apply(
        front_end,
        vhosts=[
            {"name": NAME, "snippet": 'location = /own { return 200 "o}w\\"n"; } # }'},
            {"name": OTHER},
        ],
        snippet="location = /own { return 204; }",
        common_snippet="location ~ ^/api/v9/ { return 418; }\n# the end",
    )
    assert headers_of(front_end, "/own")[::2] == (200, b'o}w"n')
    assert headers_of(front_end, "/own", OTHER)[0] == 204
    for name in (NAME, OTHER):
        status, headers, _body = headers_of(front_end, "/api/v9/x", name)
        # Before ours, and with what the server says of itself
        assert (status, dict(headers)[HSTS]) == (418, "max-age=31536000")
        assert headers_of(front_end, "/api/v2/x", name)[0] == 200


def test_a_snippet_that_nginx_refuses(front_end: BareFrontEnd) -> None:
    outcome = front_end.apply(
        vhosts=[{"name": NAME, "snippet": "no_such_directive on;"}, {"name": OTHER}]
    )
    first, second = outcome.results
    assert 'unknown directive "no_such_directive"' in first["error"]
    assert second["error"] is None
    assert headers_of(front_end, "/", OTHER)[0] == 200


def test_logs(front_end: BareFrontEnd) -> None:
    log, errors = front_end.directory / "a.log", front_end.directory / "a.error.log"
    hosts = [
        {
            "name": NAME,
            "names": ["c.example.com"],
            "access_log": f"{log}",
            "error_log": f"{errors}",
        },
        {"name": OTHER, "access_log": "off"},
    ]
    apply(front_end, vhosts=hosts)
    for name in (NAME, "c.example.com", OTHER):
        front_end.get(name, f"/{name}")
        front_end.get(name, f"/{name}", tls=True)
    front_end.get(NAME, "/assets/none.js", tls=True)
    text = log.read_text()
    assert text.count(f"/{NAME}") == text.count("/c.example.com") == 2
    assert OTHER not in text
    assert OTHER not in (front_end.directory / "access.log").read_text()
    assert "/assets/none.js" in errors.read_text()


def test_templates_of_an_operator(front_end: BareFrontEnd, tmp_path: Path) -> None:
    (tmp_path / "present.conf.j2").write_text(
        '{% extends "mailhost.modoboa/present.conf.j2" %}\n'
        "{% block more %}\n"
        "{% if nginx.version >= (1, 22) %}\n"
        '    location = /who { return 200 "{{ host.name }}:{{ settings.https_port }}"; }\n'
        "{% endif %}\n"
        "{% endblock %}\n"
    )
    (tmp_path / "redirect.conf.j2").write_text("    location / {\n        return 410;\n    }\n")
    apply(front_end, templates=str(tmp_path))
    assert headers_of(front_end, "/who")[2].decode() == f"{NAME}:{front_end.https_port}"
    assert headers_of(front_end, "/")[2] == b"the frontend"
    assert front_end.get(NAME, "/")[0] == 410


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(front_end: BareFrontEnd, version: ssl.TLSVersion) -> None:
    """nginx does so in the name of the default server, which is the catch-all."""
    apply(front_end)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    session, reused = None, []
    for _connection in range(2):
        with (
            socket.create_connection((ADDRESS, front_end.https_port), 5) as plain,
            context.wrap_socket(plain, server_hostname=NAME, session=session) as tls,
        ):
            tls.sendall(f"GET / HTTP/1.0\r\nHost: {NAME}\r\n\r\n".encode())
            while tls.recv(4096):
                pass
            reused.append(tls.session_reused)
            session = tls.session
    assert reused == [False, True]


def test_one_name_in_the_handshake_and_another_in_the_request(front_end: BareFrontEnd) -> None:
    apply(front_end)
    status, _headers, body = front_end.get(NAME, "/", tls=True, host="unknown.example.com")
    assert (status, "frontend" in body) == (421, False)


def test_conf_d(front_end: BareFrontEnd) -> None:
    """The catch-all comes first by its name, not by luck."""
    options = {"sites_available": str(front_end.enabled), "sites_enabled": ""}
    apply(front_end, challenge="stateless", thumbprint=THUMBPRINT, **options)
    assert headers_of(front_end, "/")[0] == 200
    body = front_end.get("unknown.example.com", CHALLENGE + TOKEN)[2]
    assert body == f"{TOKEN}.{THUMBPRINT}"
