# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What server blocks serve, by each nginx that Debian has."""

from __future__ import annotations

import gzip
import http.client
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS, THUMBPRINT
from integration.nginx_releases import EACH_NGINX, front_end_of

NAME = "a.example.com"
OTHER = "b.example.com"
CHALLENGE = "/.well-known/acme-challenge/"
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
HSTS = "strict-transport-security"

# An application that says of security what nginx says as well, and what only it can know
LOUD = """
server {
  listen unix:%s/loud.sock;
  default_type text/html;
  add_header Strict-Transport-Security max-age=5;
  add_header X-Content-Type-Options nosniff;
  add_header Referrer-Policy unsafe-url;
  add_header X-Frame-Options DENY;
  add_header Cache-Control private;
  return 200 "%s";
}
"""


@pytest.fixture(params=EACH_NGINX)
def front_end(request: pytest.FixtureRequest) -> Iterator[BareFrontEnd]:
    """A running nginx of each release, and the certificates of two names."""
    with front_end_of(request.param) as running:
        for name in (NAME, OTHER):
            running.issue(name)
        yield running


def apply(front_end: BareFrontEnd, **options: Any) -> Outcome:
    """Serve the portals, with a catch-all."""
    if "vhosts" not in options:
        options = {"vhosts": [{"name": NAME}, {"name": OTHER}], **options}
    outcome = front_end.apply(**{"catch_all": "present", **options})
    assert [item["error"] for item in outcome.results if item["failed"]] == []
    return outcome


def headers_of(front_end: BareFrontEnd, path: str, name: str = NAME, **sent: str) -> Any:
    """Status, all headers as they came, and the body."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPConnection(name, front_end.https_port)
    with socket.create_connection((ADDRESS, front_end.https_port), 5) as plain:
        connection.sock = context.wrap_socket(plain, server_hostname=name)
        try:
            connection.request(
                "GET", path, headers={key.replace("_", "-"): value for key, value in sent.items()}
            )
            response = connection.getresponse()
            headers = [(key.lower(), value) for key, value in response.getheaders()]
            return response.status, headers, response.read()
        finally:
            connection.close()


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/", {"cache-control", "content-security-policy", "x-frame-options"}),
        ("/domains/1", {"cache-control", "content-security-policy", "x-frame-options"}),
        ("/index.html", {"cache-control", "content-security-policy", "x-frame-options"}),
        ("/config.json", {"cache-control"}),
        ("/assets/a-1234.js", {"cache-control"}),
        ("/assets/none.js", set()),
        ("/sitestatic/logo.svg", set()),
        ("/media/picture", {"content-security-policy"}),
        ("/media/none", {"content-security-policy"}),
        ("/api/v2/theme/", set()),
        # Of a snippet, and of the challenge
        ("/own", set()),
        (f"{CHALLENGE}{TOKEN}", set()),
    ],
)
def test_security_headers_are_there_once(
    front_end: BareFrontEnd, path: str, more: set[str]
) -> None:
    apply(front_end, snippet="location = /own { return 204; }")
    _status, headers, _body = headers_of(front_end, path)
    counted = Counter(key for key, _value in headers)
    expected = {HSTS, "x-content-type-options", "referrer-policy", *more}
    if front_end.build.http3:
        expected.add("alt-svc")
    known = {*expected, "alt-svc", "cache-control", "content-security-policy", "x-frame-options"}
    assert {key: counted[key] for key in known} == {key: int(key in expected) for key in known}
    assert "nginx/" not in dict(headers)["server"]


@pytest.mark.parametrize("max_age", [31536000, 0, -1])
def test_what_the_application_says_is_not_said_twice(front_end: BareFrontEnd, max_age: int) -> None:
    front_end.write_config(more=LOUD % (front_end.directory, "x" * 2000))
    application = f"unix:{front_end.directory}/loud.sock"
    apply(front_end, application=application, hsts_max_age=max_age)
    _status, headers, body = headers_of(front_end, "/accounts/login/", accept_encoding="gzip")
    said: dict[str, list[str]] = {}
    for key, value in headers:
        said.setdefault(key, []).append(value)
    # Without a say of nginx's own, the application has it
    assert said[HSTS] == ["max-age=5" if max_age < 0 else f"max-age={max_age}"]
    assert said["x-content-type-options"] == ["nosniff"]
    assert said["referrer-policy"] == ["same-origin"]
    assert said["x-frame-options"] == ["DENY"]
    assert said["cache-control"] == ["private"]
    # What it says is not compressed, and so tells nothing by its length
    assert "content-encoding" not in said
    assert len(body) == 2000


def test_hsts_is_not_said_over_http(front_end: BareFrontEnd) -> None:
    apply(front_end, vhosts=[{"name": NAME, "names": ["c.example.com"]}])
    for name in (NAME, "c.example.com"):
        assert HSTS not in front_end.get(name, "/")[1]
    status, headers, _body = headers_of(front_end, "/", "c.example.com")
    assert (status, dict(headers)[HSTS]) == (308, "max-age=31536000")


def test_pages_of_the_frontend(front_end: BareFrontEnd) -> None:
    page = "<html>" + "the frontend" * 200
    (front_end.directory / "frontend" / "index.html").write_text(page)
    (front_end.directory / "frontend" / "favicon.ico").write_text("an icon")
    apply(front_end)
    for path in ("/", "/index.html", "/domains/1/edit", "/login?next=%2F", "/a/b.c/d", "/apixx/"):
        status, headers, body = headers_of(front_end, path)
        assert (status, body.decode()) == (200, page)
        assert dict(headers)["content-type"] == "text/html"
    assert headers_of(front_end, "/favicon.ico")[::2] == (200, b"an icon")
    # As quick as a file: known by its tag, and compressed
    _status, headers, body = headers_of(front_end, "/domains/1", accept_encoding="gzip")
    assert gzip.decompress(body).decode() == page
    tag = dict(headers_of(front_end, "/domains/1")[1])["etag"]
    assert headers_of(front_end, "/domains/1", if_none_match=tag)[0] == 304
    # A new frontend is there at once
    (front_end.directory / "frontend" / "index.html").write_text("another")
    assert headers_of(front_end, "/domains/1")[2] == b"another"
    # A page is no missing file
    assert "No such file" not in (front_end.directory / "error.log").read_text()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_pages_take_nothing(front_end: BareFrontEnd, method: str) -> None:
    apply(front_end)
    for path in ("/", "/domains/1", "/api", "/index.html"):
        status, headers, body = front_end.request(NAME, path, method=method, body=b"x")
        assert (status, b"the frontend" in body) == (405, False)
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert front_end.request(NAME, "/api/v2/x/", method=method, body=b"x")[0] == 200
    for path in ("/", "/domains/1"):
        assert front_end.request(NAME, path, method="HEAD")[::2] == (200, b"")


def test_without_a_frontend(front_end: BareFrontEnd) -> None:
    (front_end.directory / "frontend" / "index.html").unlink()
    apply(front_end)
    assert headers_of(front_end, "/domains/1")[0] == 404
    assert headers_of(front_end, "/")[0] in (403, 404)


def test_an_index_that_holds_for_all_of_nginx(front_end: BareFrontEnd) -> None:
    front_end.write_config(more="index index.php; autoindex on;")
    apply(front_end)
    assert headers_of(front_end, "/")[::2] == (200, b"the frontend")
    for path in ("/media/", "/sitestatic/", "/assets/"):
        assert headers_of(front_end, path)[0] == 403


@pytest.mark.parametrize("path", ["/assets/a-1234.js", "/sitestatic/logo.svg", "/"])
def test_compression(front_end: BareFrontEnd, path: str) -> None:
    files = {
        "/assets/a-1234.js": front_end.directory / "frontend/assets/a-1234.js",
        "/sitestatic/logo.svg": front_end.directory / "static/logo.svg",
        "/": front_end.directory / "frontend/index.html",
    }
    files[path].write_text("x" * 5000)
    apply(front_end)
    _status, headers, body = headers_of(front_end, path, accept_encoding="gzip")
    assert dict(headers)["content-encoding"] == "gzip"
    assert dict(headers)["vary"] == "Accept-Encoding"
    assert gzip.decompress(body) == b"x" * 5000


def test_an_upload_that_is_too_large(front_end: BareFrontEnd) -> None:
    apply(front_end, client_max_body_size="1k")
    for size, status in ((1000, 200), (1025, 413)):
        answer = front_end.request(NAME, "/api/v2/x/", method="POST", body=b"x" * size)
        assert answer[0] == status


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
