# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in with user name and password, as the web interface does."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.sign_in import sign_in
from unit.plugins.module_utils.modoboa.script import URL, Answer

CONFIG = {
    "API_BASE_URL": "/api/v2",
    "OAUTH_AUTHORITY_URL": "/api/o",
    "OAUTH_CLIENT_ID": "client-1",
    "OAUTH_REDIRECT_URI": "/login/logged",
}
FORM = """<form method="post">
<input type="hidden" name="csrfmiddlewaretoken" value="form&amp;1"><input name="username"></form>"""
PASSWORD = "planted-secret-password"


class Portal(requests.adapters.BaseAdapter):
    """As much of Modoboa as takes part in a login."""

    def __init__(self) -> None:
        super().__init__()
        self.config: Any = CONFIG
        self.after_login = "/api/o/authorize/?again=1"
        self.form = FORM
        self.signed_in = False
        self.challenge = ""
        self.sent: list[str] = []
        self.error = ""
        self.before: list[Answer | Exception] = []
        self.pauses: list[float] = []

    def close(self) -> None:
        """Nothing is open."""

    def send(  # type: ignore[override] # no option matters here
        self, request: requests.PreparedRequest, **_options: Any
    ) -> requests.Response:
        """Answer a request."""
        self.sent.append(f"{request.method} {request.url}")
        assert str(request.url).startswith(URL), "the password stays with this server"
        if request.method == "POST" and self.before:
            answer = self.before.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer.response(request)
        parts = urlsplit(str(request.url))
        body = parse_qs(str(request.body or ""))
        return self._answer(request.method, parts.path, parse_qs(parts.query), body).response(
            request
        )

    def _answer(self, method: str | None, path: str, query: Any, body: Any) -> Answer:
        if path == "/config.json":
            return Answer(body=self.config)
        if path == "/api/o/authorize/":
            if "code_challenge" in query:
                self.challenge = query["code_challenge"][0]
            if self.signed_in or self.error:
                code = f"error={self.error}" if self.error else "code=code-1"
                return Answer(302, b"", {"Location": f"{URL}/login/logged?{code}&state=x"})
            return Answer(302, b"", {"Location": "/accounts/login/?next=/api/o/authorize/"})
        if path == "/accounts/login/" and method == "GET":
            return Answer(200, self.form)
        if path == "/accounts/login/":
            if body["password"] != [PASSWORD] or body["csrfmiddlewaretoken"] != ["form&1"]:
                return Answer(200, self.form)
            self.signed_in = True
            return Answer(302, b"", {"Location": self.after_login})
        if path == "/api/o/token/":
            assert body["client_id"] == ["client-1"]
            assert body["code"] == ["code-1"]
            assert body["redirect_uri"] == [f"{URL}/login/logged"]
            assert len(body["code_verifier"][0]) >= 43
            return Answer(body={"access_token": "short-lived", "token_type": "Bearer"})
        return Answer(404, "<title>Not Found</title>")

    def sign_in(self, password: str = PASSWORD) -> str:
        """Sign in here."""
        session = requests.Session()
        session.mount("https://", self)
        return sign_in(session, URL, "admin", password, sleep=self.pauses.append)


def test_password_becomes_a_token() -> None:
    portal = Portal()
    assert portal.sign_in() == "short-lived"
    assert portal.challenge
    assert not any(PASSWORD in line for line in portal.sent)


def test_wrong_password() -> None:
    portal = Portal()
    with pytest.raises(errors.AuthenticationError, match="'admin' with this password") as caught:
        portal.sign_in("planted-wrong")
    assert str(caught.value).startswith("POST /accounts/login/: ")
    assert "planted" not in str(caught.value)
    assert len([line for line in portal.sent if line.startswith("POST")]) == 1


def test_it_waits_when_it_is_told_to() -> None:
    portal = Portal()
    portal.before = [Answer(429, "<title>Too many</title>", {"Retry-After": "30"})]
    assert portal.sign_in() == "short-lived"
    assert portal.pauses == [30.25]


def test_password_is_not_sent_again_after_a_fault() -> None:
    portal = Portal()
    portal.before = [requests.ConnectionError(ConnectionResetError(104, "reset"))]
    with pytest.raises(errors.ServerUnreachableError, match="POST /accounts/login/"):
        portal.sign_in()
    assert len([line for line in portal.sent if line.startswith("POST")]) == 1


@pytest.mark.parametrize("target", ["/accounts/2fa_verify/?next=x", "/accounts/fido/"])
def test_second_factor(target: str) -> None:
    portal = Portal()
    portal.after_login = target
    with pytest.raises(errors.AuthenticationError, match="use an API token"):
        portal.sign_in()


def test_login_on_another_server_gets_no_password() -> None:
    portal = Portal()
    portal.after_login = "https://elsewhere.test/login"
    with pytest.raises(errors.RedirectedError, match=r"elsewhere\.test"):
        portal.sign_in()


def test_sign_in_without_tls_gets_no_password() -> None:
    portal = Portal()
    portal.config = {**CONFIG, "OAUTH_AUTHORITY_URL": URL.replace("https:", "http:")}
    with pytest.raises(errors.AuthenticationError, match="without TLS; sign in with a token"):
        portal.sign_in()
    assert portal.sent == [f"GET {URL}/config.json"]


def test_application_that_authorizes_nobody() -> None:
    portal = Portal()
    portal.error = "unauthorized_client"
    with pytest.raises(errors.AuthenticationError, match="unauthorized_client"):
        portal.sign_in()


def test_redirects_without_end() -> None:
    portal = Portal()
    portal.after_login = "/accounts/login/"
    with pytest.raises(errors.AuthenticationError):
        portal.sign_in()


@pytest.mark.parametrize("config", [{}, {"a": 1}, ["x"]])
def test_no_web_interface_there(config: Any) -> None:
    portal = Portal()
    portal.config = config or {"empty": True}
    with pytest.raises(errors.UnexpectedAnswerError, match="with a token instead"):
        portal.sign_in()


def test_login_page_without_a_form() -> None:
    portal = Portal()
    portal.form = "<h1>Single sign-on</h1>"
    with pytest.raises(errors.UnexpectedAnswerError, match="no login form"):
        portal.sign_in()
