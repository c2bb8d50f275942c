# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application is told through the server blocks: the same by uWSGI as by gunicorn."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from bed import Bed, wait
from bed.nginx_releases import NGINX_BOOKWORM
from integration.application_servers import gunicorn, uwsgi
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS
from integration.nginx_releases import front_end_of

MODULE = "integration.echo_application:application"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[1])}
# What Modoboa, Django and what they use look at
TOLD = (
    *("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE"),
    *("CONTENT_LENGTH", "SERVER_PROTOCOL", "wsgi.url_scheme", "body", "HTTP_HOST"),
    *("HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"),
    *("HTTP_ACCEPT_LANGUAGE", "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_REFERER"),
)
NAMES = ["http-unix", "http-tcp", "uwsgi-unix", "uwsgi-tcp"]
UPLOAD = os.urandom(5_000_000)


@pytest.fixture(scope="module")
def front_end() -> Iterator[BareFrontEnd]:
    """One portal for each way to reach the same application."""
    with ExitStack() as running:
        created = running.enter_context(front_end_of(NGINX_BOOKWORM))
        addresses = [
            *running.enter_context(gunicorn(created.directory, MODULE, ENVIRONMENT)),
            *running.enter_context(uwsgi(created.directory, MODULE, ENVIRONMENT)),
        ]
        hosts = [
            {
                "name": f"{name}.example.com",
                "application": address,
                "application_protocol": name.partition("-")[0],
            }
            for name, address in zip(NAMES, addresses)
        ]
        for host in hosts:
            created.issue(host["name"])
        outcome = created.apply(vhosts=hosts)
        assert [item["error"] for item in outcome.results] == [None] * len(NAMES)
        yield created


class Answers(dict[str, dict[str, str]]):
    """What the application says it was told, by each way."""

    def same(self) -> dict[str, str]:
        """What it was told, by whatever way; the name of the portal aside."""
        by_way = {
            # What is not there and what is empty are the same (PEP 3333)
            way: {key: told.get(key, "").replace(way, "WAY") for key in TOLD}
            for way, told in self.items()
        }
        for way in NAMES[1:]:
            assert by_way[way] == by_way[NAMES[0]], way
        return by_way[NAMES[0]]


def ask(
    front_end: BareFrontEnd, target: str, method: str = "GET", body: bytes = b"", **headers: str
) -> Answers:
    """Send the same request each way. An underscore in a header's name stands for a hyphen."""
    answers = Answers()
    for way in NAMES:
        status, _headers, answer = front_end.request(
            f"{way}.example.com",
            target,
            method=method,
            body=body or None,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        assert status == 200, answer
        answers[way] = json.loads(answer)
    return answers


def test_a_request(front_end: BareFrontEnd) -> None:
    told = ask(
        front_end,
        "/api/v2/domains/?search=a%26b&page=2&q=%C3%A9",
        Accept_Language="fr",
        Authorization="Token secret",
        Cookie="sessionid=1; other=2",
        Referer="https://WAY.example.com/",
    ).same()
    authority = f"WAY.example.com:{front_end.https_port}"
    assert told == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/api/v2/domains/",
        "QUERY_STRING": "search=a%26b&page=2&q=%C3%A9",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "https",
        "body": f"0 {hashlib.sha256(b'').hexdigest()}",
        "HTTP_HOST": authority,
        "HTTP_X_FORWARDED_HOST": authority,
        "HTTP_X_FORWARDED_FOR": ADDRESS,
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_ACCEPT_LANGUAGE": "fr",
        "HTTP_AUTHORIZATION": "Token secret",
        "HTTP_COOKIE": "sessionid=1; other=2",
        "HTTP_REFERER": "https://WAY.example.com/",
        "CONTENT_TYPE": "",
        "CONTENT_LENGTH": "",
    }


def test_an_upload(front_end: BareFrontEnd) -> None:
    told = ask(
        front_end, "/api/v2/import/", "POST", UPLOAD, Content_Type="application/octet-stream"
    ).same()
    assert told["body"] == f"{len(UPLOAD)} {hashlib.sha256(UPLOAD).hexdigest()}"
    assert (told["REQUEST_METHOD"], told["CONTENT_LENGTH"]) == ("POST", str(len(UPLOAD)))
    assert told["CONTENT_TYPE"] == "application/octet-stream"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_other_methods(front_end: BareFrontEnd, method: str) -> None:
    if method == "HEAD":
        for way in NAMES:
            answer = front_end.request(f"{way}.example.com", "/api/v2/x/", method="HEAD")
            assert (answer[0], answer[2]) == (200, b"")
        return
    assert ask(front_end, "/api/v2/x/", method).same()["REQUEST_METHOD"] == method


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/api/v2/%C3%A9t%C3%A9/", "/api/v2/été/"),
        ("/api/v2/a%20b%3Fc%23d/", "/api/v2/a b?c#d/"),
        ("/api/v2/a%2Fb/", "/api/v2/a/b/"),
        ("/api/v2/100%25/", "/api/v2/100%/"),
    ],
)
def test_a_path(front_end: BareFrontEnd, target: str, path: str) -> None:
    told = ask(front_end, target).same()
    # WSGI has the bytes of a path as if they were Latin-1
    assert told["PATH_INFO"].encode("latin-1").decode() == path


@pytest.mark.parametrize(
    ("target", "normal"),
    [("/api//v2/x", "/api/v2/x"), ("/api/v2/./x/../y/", "/api/v2/y/")],
)
def test_a_path_that_no_browser_sends(front_end: BareFrontEnd, target: str, normal: str) -> None:
    """It is nginx that tells uWSGI the path, in its normal form; gunicorn reads the request itself."""
    answers = ask(front_end, target)
    paths = {way: told["PATH_INFO"] for way, told in answers.items()}
    assert paths == {way: target if way.startswith("http") else normal for way in NAMES}


def test_nobody_claims_to_be_somebody_else(front_end: BareFrontEnd) -> None:
    told = ask(
        front_end,
        "/api/v2/x/",
        X_Forwarded_For="192.0.2.1",
        X_Forwarded_Host="evil.example",
        X_Forwarded_Proto="http",
    ).same()
    assert told["HTTP_X_FORWARDED_FOR"] == ADDRESS
    assert told["HTTP_X_FORWARDED_HOST"] == told["HTTP_HOST"]
    assert told["HTTP_X_FORWARDED_PROTO"] == told["wsgi.url_scheme"] == "https"


def test_no_client_sets_the_proxy_of_programs(front_end: BareFrontEnd) -> None:
    """A header of that name would look like the variable that names a proxy (httpoxy)."""
    for way, told in ask(front_end, "/api/v2/x/", Proxy="http://evil.example/").items():
        assert not told.get("HTTP_PROXY"), way


def test_uwsgi_is_told_who_and_where(front_end: BareFrontEnd) -> None:
    """gunicorn has this from its own socket, and says the same only in part."""
    answers = ask(front_end, "/api/v2/x/")
    for way in ("uwsgi-unix", "uwsgi-tcp"):
        told = answers[way]
        assert told["REMOTE_ADDR"] == ADDRESS
        assert told["SERVER_NAME"] == f"{way}.example.com"
        assert told["SERVER_PORT"] == str(front_end.https_port)
        assert told["HTTPS"] == "on"


def test_more_names_than_uwsgi_loads_applications_for(front_end: BareFrontEnd) -> None:
    """One application serves all hostnames: 64 are the most it loads."""
    names = [f"h{number}.example.com" for number in range(70)]
    with uwsgi(front_end.directory / "media", MODULE, ENVIRONMENT, "--processes", "1") as addresses:
        for name in names:
            front_end.issue(name)
        outcome = front_end.apply(
            vhosts=[{"name": name} for name in names],
            application=addresses[0],
            application_protocol="uwsgi",
        )
        assert not any(item["error"] for item in outcome.results)
        statuses = {front_end.request(name, "/api/v2/x/")[0] for name in names}
    assert statuses == {200}


MODOBOA = """\
import site
site.addsitedir({packages!r})
from instance.wsgi import application
"""


def test_modoboa_in_uwsgi(bed: Bed, front_end: BareFrontEnd) -> None:
    """The instance of the bed a second time, as its documentation runs it."""
    name = "uwsgi.example.com"
    bed.modoboa.create_domain("uwsgi.test", virtualhost=name)
    (packages,) = (bed.layout.prefix.modoboa / "lib").glob("python3*/site-packages")
    module = front_end.directory / "storage" / "modoboa_in_uwsgi.py"
    module.write_text(MODOBOA.format(packages=str(packages)))
    environment = {
        **bed.modoboa.environment(),
        "PYTHONPATH": f"{module.parent}:{bed.modoboa.directory}",
    }
    folder = front_end.directory / "storage"
    with uwsgi(folder, module.stem, environment) as addresses:
        front_end.issue(name)
        outcome = front_end.apply(
            name=name,
            application=addresses[0],
            application_protocol="uwsgi",
            frontend_root=str(bed.modoboa.directory / "frontend"),
            static_root=str(bed.modoboa.directory / "sitestatic"),
            media_root=str(bed.modoboa.directory / "media"),
        )
        assert [item["error"] for item in outcome.results] == [None]
        # Modoboa looks into the database for new names within a second
        wait.until(
            lambda: front_end.request(name, "/accounts/login/")[0] == 200,
            what="the login page is there",
            timeout=20,
        )
        _status, _headers, page = front_end.request(name, "/accounts/login/")
        assert b'name="csrfmiddlewaretoken"' in page
        status, _headers, answer = front_end.request(name, "/api/v2/theme/")
        assert (status, b"detail" in answer) == (401, True)
