# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP client, with scripted exchanges: what it repeats, obeys, and how it complains."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import (
    Client,
    anonymous,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.patience import Patience
from unit.plugins.module_utils.modoboa.script import TOKEN, Answer, Exchange, Script, page

HTML_FAULT = Answer(
    500, "<html><head><title>Server Error (500)</title></head><body>x</body></html>"
)
LIST = "/api/v2/virtualhosts/"


def refused() -> requests.ConnectionError:
    """As requests reports a port where nobody listens, memory address included."""
    pool = urllib3.HTTPSConnectionPool("mail.test")
    cause = ConnectionRefusedError(111, "Connection refused")
    inner = urllib3.exceptions.NewConnectionError(
        urllib3.connection.HTTPSConnection("mail.test"), f"Failed: {cause}"
    )
    inner.__cause__ = cause
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", inner))


def test_token_travels_in_the_header() -> None:
    script = Script(Exchange("GET", LIST, Answer(body={"a": 1})))
    assert script.client().get("virtualhosts/") == {"a": 1}
    assert script.requests[0].headers["Authorization"] == f"Token {TOKEN}"


def test_netrc_does_not_replace_the_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine mail.test login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    script = Script(Exchange("GET", LIST, Answer(body={})))
    script.client().get("virtualhosts/")
    assert script.requests[0].headers["Authorization"] == f"Token {TOKEN}"


def test_environment_does_not_replace_the_ca(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/other.pem")
    monkeypatch.setenv("CURL_CA_BUNDLE", "/etc/other.pem")
    script = Script(Exchange("GET", LIST, Answer(body={})), Exchange("GET", LIST, Answer(body={})))
    script.client(verify="/etc/own.pem").get("virtualhosts/")
    script.client(verify=False).get("virtualhosts/")
    assert [options["verify"] for options in script.options] == ["/etc/own.pem", False]


def test_timeout_goes_with_the_request() -> None:
    script = Script(Exchange("GET", LIST, Answer(body={})))
    script.client(timeout=7).get("virtualhosts/")
    assert script.options[0]["timeout"] == 7


def test_pages_are_counted_and_next_is_not_followed() -> None:
    script = Script(
        Exchange("GET", LIST + "?page=1&page_size=2", page({"pk": 1}, {"pk": 2}, more=True)),
        Exchange("GET", LIST + "?page=2&page_size=2", page({"pk": 3})),
    )
    found = list(script.client().pages("virtualhosts/", 2))
    assert [entry["pk"] for entry in found] == [1, 2, 3]


def test_plain_list() -> None:
    script = Script(Exchange("GET", LIST + "?page=1&page_size=2", Answer(body=[{"pk": 1}])))
    assert list(script.client().pages("virtualhosts/", 2)) == [{"pk": 1}]


def test_list_that_shrinks_while_it_is_read() -> None:
    script = Script(
        Exchange("GET", LIST + "?page=1&page_size=1", page({"pk": 1}, more=True)),
        Exchange("GET", LIST + "?page=2&page_size=1", Answer(404, {"detail": "Invalid page."})),
    )
    assert list(script.client().pages("virtualhosts/", 1)) == [{"pk": 1}]


def test_something_else_than_a_list() -> None:
    script = Script(Exchange("GET", LIST + "?page=1&page_size=1", Answer(body={"a": 1})))
    with pytest.raises(errors.UnexpectedAnswerError, match="not a list"):
        list(script.client().pages("virtualhosts/", 1))


def test_throttle_is_obeyed_for_writes_too() -> None:
    script = Script(
        Exchange("POST", LIST, Answer(429, {"detail": "slow"}, {"Retry-After": "2"})),
        Exchange("POST", LIST, Answer(429, {"detail": "slow"}, {"Retry-After": "0"})),
        Exchange("POST", LIST, Answer(body={"done": True})),
    )
    assert script.client().send("POST", "virtualhosts/", json={}) == {"done": True}
    assert script.pauses == [2.25, 0.25]


def test_throttle_does_not_use_up_the_patience_with_faults() -> None:
    throttled = Answer(429, {"detail": "slow"}, {"Retry-After": "0"})
    script = Script(
        *[Exchange("PUT", LIST, throttled)] * 5,
        Exchange("PUT", LIST, requests.ConnectionError("dropped")),
        Exchange("PUT", LIST, Answer(503, b"")),
        Exchange("PUT", LIST, Answer(body={"done": True})),
    )
    assert script.client().send("PUT", "virtualhosts/", json={}) == {"done": True}
    assert script.pauses == [*[0.25] * 5, 0.25, 0.5]


def test_throttle_with_a_wait_that_is_too_long() -> None:
    script = Script(Exchange("GET", LIST, Answer(429, {"detail": "slow"}, {"Retry-After": "3600"})))
    with pytest.raises(errors.ThrottledError) as caught:
        script.client().get("virtualhosts/")
    assert script.pauses == []
    assert caught.value.fatal


def test_throttle_that_never_ends() -> None:
    throttled = Answer(429, {"detail": "slow"}, {"Retry-After": "100"})
    script = Script(*[Exchange("GET", LIST, throttled)] * 3)
    with pytest.raises(errors.ThrottledError):
        script.client().get("virtualhosts/")
    assert sum(script.pauses) < Patience().longest_throttled
    assert script.finished()


@pytest.mark.parametrize("status", [502, 503, 504])
def test_gateway_faults_pass(status: int) -> None:
    script = Script(
        Exchange("GET", LIST, Answer(status, "<html></html>")),
        Exchange("GET", LIST, Answer(body=[])),
    )
    assert script.client().get("virtualhosts/") == []
    assert script.pauses == [0.25]


def test_gateway_faults_that_stay() -> None:
    script = Script(*[Exchange("GET", LIST, Answer(502, "<html></html>"))] * 4)
    with pytest.raises(errors.ServerUnavailableError, match="is it running") as caught:
        script.client().get("virtualhosts/")
    assert script.pauses == [0.25, 0.5, 1.0]
    assert not caught.value.fatal


def test_write_is_repeated_only_when_that_is_safe() -> None:
    script = Script(
        Exchange("POST", LIST, Answer(503, b"")),
        Exchange("POST", LIST, Answer(503, b"")),
        Exchange("POST", LIST, Answer(body={})),
    )
    with pytest.raises(errors.ServerUnavailableError):
        script.client().send("POST", "virtualhosts/")
    assert script.client().send("POST", "virtualhosts/", repeatable=True) == {}


def test_dropped_connection_is_repeated_only_when_that_is_safe() -> None:
    dropped = requests.ConnectionError(ConnectionResetError(104, "Connection reset by peer"))
    script = Script(
        Exchange("GET", LIST, dropped),
        Exchange("GET", LIST, Answer(body=[])),
        Exchange("POST", LIST, dropped),
    )
    assert script.client().get("virtualhosts/") == []
    with pytest.raises(errors.ServerUnreachableError, match="Connection reset by peer"):
        script.client().send("POST", "virtualhosts/")


def test_server_that_is_not_there() -> None:
    script = Script(*[Exchange("GET", LIST, refused())] * 4)
    with pytest.raises(errors.ServerUnreachableError) as caught:
        script.client().get("virtualhosts/")
    assert str(caught.value) == (
        "GET /api/v2/virtualhosts/ at https://mail.test: cannot reach the server; check the URL,"
        " and that the server runs (Connection refused)"
    )
    assert caught.value.fatal


def test_name_that_does_not_resolve() -> None:
    cause = socket.gaierror(-2, "Name or service not known")
    script = Script(*[Exchange("GET", LIST, requests.ConnectionError(cause))] * 4)
    with pytest.raises(errors.ServerUnreachableError, match="Name or service not known"):
        script.client().get("virtualhosts/")


def test_certificate_that_cannot_be_verified_is_not_tried_again() -> None:
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_message = "unable to get local issuer certificate"
    script = Script(Exchange("GET", LIST, requests.exceptions.SSLError(cause)))
    with pytest.raises(errors.ServerUnreachableError, match="unable to get local issuer"):
        script.client().get("virtualhosts/")


def test_server_that_is_too_slow_is_not_asked_again() -> None:
    script = Script(Exchange("GET", LIST, requests.ReadTimeout("read timeout=7")))
    with pytest.raises(errors.ServerUnavailableError, match="within the timeout"):
        script.client().get("virtualhosts/")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(401, {"detail": "Invalid token."}), errors.AuthenticationError, "Invalid token."),
        (Answer(403, {"detail": "No."}), errors.NotAllowedError, "super administrator (403: No.)"),
        (
            Answer(403, {"detail": "Register first.", "code": "license_required"}),
            errors.LicenseRequiredError,
            "licence is registered (403: Register first.)",
        ),
        (Answer(404, {"detail": "Not found."}), errors.NotFoundError, "not found"),
        (Answer(409, {"error": "Only when failed."}), errors.ConflictError, "Only when failed."),
        (
            Answer(400, {"name": ["Too long.", "Odd."], "inner": {"x": ["Bad."]}, "detail": "No"}),
            errors.ValidationError,
            "(400: name: Too long.; name: Odd.; inner: x: Bad.; No)",
        ),
        (Answer(405, {"detail": "No GET."}), errors.ValidationError, "does not offer this"),
        (Answer(413, "<title>Too Large</title>"), errors.ValidationError, "titled 'Too Large'"),
        (Answer(400, {"detail": "\x1b[31mred\x00"}), errors.ValidationError, "(400: [31mred)"),
        (HTML_FAULT, errors.ServerFaultError, "(500: an HTML page titled 'Server Error (500)')"),
        (
            Answer(500, b"a\nb", {"Content-Type": "text/plain"}),
            errors.ServerFaultError,
            "(500: a b)",
        ),
    ],
)
def test_refusals(answer: Answer, kind: type[errors.ModoboaError], words: str) -> None:
    script = Script(Exchange("POST", LIST, answer))
    with pytest.raises(errors.ModoboaError) as caught:
        script.client().send("POST", "virtualhosts/")
    assert caught.value.__class__ is kind
    assert str(caught.value).startswith("POST /api/v2/virtualhosts/: ")
    assert words in str(caught.value)
    assert "<" not in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_long_explanations_are_cut() -> None:
    script = Script(Exchange("GET", LIST, Answer(400, {"detail": "x" * 5000})))
    with pytest.raises(errors.ValidationError) as caught:
        script.client().get("virtualhosts/")
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("target", "advice"),
    [
        ("https://mail.test/api/v2/virtualhosts/", "the API does not redirect"),
        ("/accounts/login/?next=/api/v2/virtualhosts/", "a login page"),
    ],
)
def test_redirects_are_explained_not_followed(target: str, advice: str) -> None:
    script = Script(Exchange("GET", LIST, Answer(302, b"", {"Location": target})))
    with pytest.raises(errors.RedirectedError, match=advice) as caught:
        script.client().get("virtualhosts/")
    assert "next=" not in str(caught.value)


def test_redirect_to_https() -> None:
    script = Script(
        Exchange(
            "GET",
            "http://mail.test" + LIST,
            Answer(301, b"", {"Location": "https://mail.test" + LIST}),
        )
    )
    client = Client("http://mail.test", anonymous, session=script.session())
    with pytest.raises(errors.RedirectedError, match="write https:// in the URL"):
        client.get("virtualhosts/")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(200, "<title>Welcome</title>"), "an HTML page titled 'Welcome'"),
        (Answer(200, b"x", {"Content-Type": "image/png"}), "content of type 'image/png'"),
        (Answer(200, b'{"results": [1, 2'), "damaged or cut short"),
        (Answer(200, b"[" * 100_000 + b"]" * 100_000), "damaged or cut short"),
    ],
)
def test_answers_that_are_no_json(answer: Answer, words: str) -> None:
    script = Script(Exchange("GET", LIST, answer))
    with pytest.raises(errors.UnexpectedAnswerError, match=words):
        script.client().get("virtualhosts/")


def test_error_in_json_that_is_nested_too_deeply() -> None:
    script = Script(Exchange("GET", LIST, Answer(403, b"[" * 100_000 + b"]" * 100_000)))
    with pytest.raises(errors.NotAllowedError, match="403: damaged JSON"):
        script.client().get("virtualhosts/")


def test_list_that_does_not_turn_its_pages() -> None:
    script = Script(
        Exchange("GET", LIST + "?page=1&page_size=1", page({"pk": 1}, more=True)),
        Exchange("GET", LIST + "?page=2&page_size=1", page({"pk": 1}, more=True)),
    )
    with pytest.raises(errors.UnexpectedAnswerError, match="page 2 is the same"):
        list(script.client().pages("virtualhosts/", 1))


def test_fault_that_says_when_to_come_back() -> None:
    script = Script(
        Exchange("GET", LIST, Answer(503, b"", {"Retry-After": "9"})),
        Exchange("GET", LIST, Answer(503, b"", {"Retry-After": "3600"})),
    )
    with pytest.raises(errors.ServerUnavailableError):
        script.client().get("virtualhosts/")
    assert script.pauses == [9]


def test_empty_answer() -> None:
    script = Script(Exchange("DELETE", LIST, Answer(204)))
    assert script.client().send("DELETE", "virtualhosts/") is None


def test_allowed_methods() -> None:
    script = Script(
        Exchange("OPTIONS", LIST, Answer(body={}, headers={"Allow": "GET, post"})),
        Exchange("OPTIONS", LIST, Answer(404, "<html></html>")),
    )
    client = script.client()
    assert client.allowed_methods("virtualhosts/") == {"GET", "POST"}
    assert client.allowed_methods("virtualhosts/") == set()


def test_what_a_server_offers_is_asked_once() -> None:
    script = Script(
        Exchange("OPTIONS", LIST + "bulk/", Answer(body={}, headers={"Allow": "POST, OPTIONS"})),
        # "report" is the key of no virtual host there
        Exchange("OPTIONS", LIST + "report/", Answer(body={}, headers={"Allow": "DELETE"})),
    )
    client = script.client()
    assert [client.offers("virtualhosts/bulk/", method) for method in ("POST", "GET")] == [
        True,
        False,
    ]
    assert [client.offers("virtualhosts/report/", "POST") for _again in range(2)] == [False, False]
    assert script.finished()


def test_downloads_carry_no_token_wherever_they_lead() -> None:
    script = Script(
        Exchange("GET", "/media/logo.png", Answer(200, b"png")),
        Exchange("GET", "https://elsewhere.test/logo.png", Answer(404, b"")),
    )
    client = script.client()
    assert client.download("/media/logo.png") == b"png"
    assert client.download("https://elsewhere.test/logo.png") is None
    assert all("Authorization" not in request.headers for request in script.requests)


def test_download_that_fails_is_no_missing_file() -> None:
    script = Script(
        *[Exchange("GET", "/media/logo.png", Answer(502, "<title>Bad Gateway</title>"))] * 4,
        Exchange("GET", "/media/logo.png", Answer(302, b"", {"Location": "/login"})),
    )
    for words in ("502: an HTML page titled 'Bad Gateway'", "no file, but 302"):
        with pytest.raises(errors.UnexpectedAnswerError, match=words):
            script.client().download("/media/logo.png")


@pytest.mark.parametrize(("method", "written"), [("GET", False), ("OPTIONS", False), ("PUT", True)])
def test_it_knows_whether_it_has_written(method: str, written: bool) -> None:
    client = Script(Exchange(method, LIST, Answer(body={}))).client()
    client.send(method, "virtualhosts/")
    assert client.has_written is written


def test_refused_write_has_written_nothing() -> None:
    client = Script(Exchange("PUT", LIST, Answer(400, {}))).client()
    with pytest.raises(errors.ValidationError):
        client.send("PUT", "virtualhosts/")
    assert not client.has_written


def test_language_is_asked_for(monkeypatch: Any) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    script = Script(Exchange("GET", LIST, Answer(body={})))
    script.client().get("virtualhosts/")
    assert script.requests[0].headers["Accept-Language"] == "en"
