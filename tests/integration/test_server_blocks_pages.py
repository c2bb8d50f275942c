# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages and files of portals are served with, by each nginx that Debian has."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator

import pytest
from integration.bare_front_end import BareFrontEnd
from integration.nginx_releases import EACH_NGINX
from integration.portals_served import (
    CHALLENGE,
    NAME,
    TOKEN,
    apply,
    front_end_with_certificates,
    headers_of,
)

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
    with front_end_with_certificates(request.param) as running:
        yield running


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
