# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Sessions on hosts that are not their user's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browser import Browser
from deployed import PRIMARY
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from log_of_refusals import is_logged
from modoboa.core.constants import TFA_PRE_VERIFY_USER_BACKEND, TFA_PRE_VERIFY_USER_PK
from people import PASSWORD, A, B, virtual_host

from modoboa_virtualhosts import links
from modoboa_virtualhosts.isolation import entrance, sessions

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db

PAGE = "/api/o/device/"  # asks for a login, of anybody


def is_logged_in(browser: Browser) -> bool:
    status = browser.get(PAGE).status_code
    assert status in (200, 302)
    return bool(status == 200)


@pytest.mark.parametrize(
    ("who", "homes"),
    [
        ("admin", {PRIMARY, A, B}),
        ("reseller", {PRIMARY}),
        ("user_a", {PRIMARY, A}),
        ("boss_b", {PRIMARY, B}),
        ("helper_b", {PRIMARY, B}),
    ],
)
def test_matrix(people: People, who: str, homes: set[str]) -> None:
    cookie = Browser(PRIMARY, getattr(people, who)).cookie
    assert {host for host in (PRIMARY, A, B) if is_logged_in(Browser(host, cookie=cookie))} == homes


def test_a_foreign_session_stays_as_it_is(people: People) -> None:
    cookie = Browser(A, people.user_a).cookie
    stored = Session.objects.get(session_key=cookie).session_data
    stranger = Browser(B, cookie=cookie)
    assert not is_logged_in(stranger)
    for path in ("/api/o/logout/", "/accounts/login/", "/api/o/authorize/"):
        assert settings.SESSION_COOKIE_NAME not in Browser(B, cookie=cookie).get(path).cookies or (
            path == "/api/o/logout/"
        )
    assert Session.objects.get(session_key=cookie).session_data == stored
    assert is_logged_in(Browser(A, cookie=cookie))


def test_a_login_on_top_of_a_foreign_session(people: People) -> None:
    cookie = Browser(A, people.user_a).cookie
    browser = Browser(B, cookie=cookie)
    answer = browser.post("/accounts/login/", {"username": "user@b.test", "password": PASSWORD})
    assert answer.status_code == 302
    assert browser.cookie != cookie
    assert is_logged_in(browser)
    assert is_logged_in(Browser(A, cookie=cookie))


def test_a_session_follows_its_user(people: People) -> None:
    cookie = Browser(A, people.user_a).cookie
    links.assign(people.domain_a, B)
    assert not is_logged_in(Browser(A, cookie=cookie))
    assert is_logged_in(Browser(B, cookie=cookie))
    links.assign(people.domain_a, "")
    assert not is_logged_in(Browser(B, cookie=cookie))
    links.assign(people.domain_a, A)
    assert is_logged_in(Browser(A, cookie=cookie))
    virtual_host(A, enabled=False)
    assert not is_logged_in(Browser(A, cookie=cookie))
    virtual_host(A, enabled=True)
    assert is_logged_in(Browser(A, cookie=cookie))


def test_no_code_for_a_foreign_session(people: People) -> None:
    cookie = Browser(A, people.user_a).cookie
    answer = Browser(B, cookie=cookie).authorize()
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")
    assert "code=" in Browser(A, cookie=cookie).authorize()["Location"]


@pytest.mark.parametrize(
    ("path", "at_home"),
    [("/accounts/2fa_verify/", 200), ("/accounts/fido/authenticate/begin", 200)],
)
def test_before_the_second_factor(people: People, path: str, at_home: int) -> None:
    browser = Browser(A, people.user_a)
    session: Any = browser.client.session
    session.clear()
    session[TFA_PRE_VERIFY_USER_PK] = people.user_a.pk
    session[TFA_PRE_VERIFY_USER_BACKEND] = "django.contrib.auth.backends.ModelBackend"
    session.save()

    def status(host: str) -> int:
        there = Browser(host, cookie=browser.cookie)
        answer = there.post(path) if "fido" in path else there.get(path)
        return int(answer.status_code)

    assert status(A) == at_home
    assert status(B) in (302, 403)
    assert is_logged("user@a.test", B, "session")


def test_before_the_code_sent_by_sms(people: People) -> None:
    browser = Browser(A, people.user_a)
    session: Any = browser.client.session
    session.clear()
    session["user_pk"] = people.user_a.pk
    session["totp_secret"] = "0" * 40
    session.save()
    path = "/reset/confirm_code/"
    assert Browser(A, cookie=browser.cookie).get(path).status_code == 200
    assert Browser(B, cookie=browser.cookie).get(path).status_code == 404


# A browser sends its cookie to whatever a hostname leads to


def log_in(host: str, username: str, cookie: str = "") -> Browser:
    browser = Browser(host, cookie=cookie)
    answer = browser.post("/accounts/login/", {"username": username, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def hosts_of(cookie: str) -> set[str]:
    return {host for host in (PRIMARY, A, B) if is_logged_in(Browser(host, cookie=cookie))}


@pytest.fixture
def admin(people: People) -> str:
    """The super administrator, who has a password."""
    people.admin.password = f"{{PLAIN}}{PASSWORD}"
    people.admin.save()
    return str(people.admin.username)


@pytest.mark.parametrize("store", ["cache", "cached_db", "db", "file", "signed_cookies"])
def test_a_session_is_good_where_it_began(
    people: People, admin: str, settings: Any, store: str, tmp_path: Any
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{store}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    assert hosts_of(log_in(A, admin).cookie) == {A}
    assert is_logged(admin, PRIMARY, "session", sessions.ELSEWHERE)
    assert hosts_of(log_in(A, "user@a.test").cookie) == {A}
    # The instance's own hostnames are no tenant's
    assert hosts_of(log_in(PRIMARY, admin).cookie) == {PRIMARY, A, B}


def test_a_session_ends_with_its_virtual_host(people: People, admin: str, settings: Any) -> None:
    cookie = log_in(A, admin).cookie
    people.host_a.delete()
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, A]
    assert hosts_of(cookie) == set()


def test_before_the_second_factor_it_is_good_where_it_began_too(people: People, admin: str) -> None:
    type(people.admin).objects.filter(pk=people.admin.pk).update(totp_enabled=True)
    cookie = log_in(A, admin).cookie
    page = "/accounts/2fa_verify/"
    statuses = {host: Browser(host, cookie=cookie).get(page).status_code for host in (PRIMARY, A)}
    assert statuses == {PRIMARY: 302, A: 200}


def test_a_login_on_top_of_a_session_from_elsewhere(people: People, admin: str) -> None:
    elsewhere = log_in(A, admin).cookie
    cookie = log_in(PRIMARY, admin, elsewhere).cookie
    assert cookie != elsewhere
    assert is_logged_in(Browser(PRIMARY, cookie=cookie))
    assert hosts_of(elsewhere) == {A}


def test_sessions_from_before_the_upgrade_are_bound_when_they_change(people: People) -> None:
    browser = Browser(A, people.admin)
    assert hosts_of(browser.cookie) == {PRIMARY, A, B}
    stored = Session.objects.get(session_key=browser.cookie)
    assert sessions.BEGAN not in stored.get_decoded()
    session = sessions._bound(SessionStore)(browser.cookie)
    session.request = HttpRequest()
    session.request.META = {"HTTP_HOST": A}
    session["something"] = "else"
    session.save()
    assert hosts_of(browser.cookie) == {A}


def test_one_cookie_for_several_hostnames(people: People, admin: str, settings: Any) -> None:
    """The operator wants it so."""
    settings.SESSION_COOKIE_DOMAIN = ".test"
    assert hosts_of(log_in(A, admin).cookie) == {PRIMARY, A, B}


def test_without_an_account_a_session_is_anybodys(people: People) -> None:
    session: Any = Browser(A, people.user_a).client.session
    session.clear()
    session.update({sessions.BEGAN: B, "something": "else"})
    session.save()
    cookie = log_in(A, "user@a.test", session.session_key).cookie
    assert hosts_of(cookie) == {A}


@pytest.mark.parametrize("store", ["cache", "cached_db", "db", "file", "signed_cookies"])
def test_whatever_sessions_are_kept_in(
    people: People, settings: Any, store: str, tmp_path: Any
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{store}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    cookie = Browser(A, people.user_a).cookie
    assert is_logged_in(Browser(A, cookie=cookie))
    assert not is_logged_in(Browser(B, cookie=cookie))
    assert is_logged_in(Browser(A, cookie=cookie))


def test_nothing_is_looked_up_for_a_session_that_is_not_used(people: People) -> None:
    counts = []
    for host in (PRIMARY, A):
        browser = Browser(host, cookie=Browser(A, people.user_a).cookie)
        browser.get("/robots.txt")
        with CaptureQueriesContext(connection) as queries:
            browser.get("/robots.txt")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_asynchronous_views_see_the_same(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    from asgiref.sync import async_to_sync

    class Store(SessionBase):
        async def aload(self) -> dict[str, Any]:
            return {"user_pk": people.user_a.pk}

    monkeypatch.setattr(entrance, "admits", lambda *_args: False)
    session = sessions._bound(Store)("0" * 32)
    session.request = HttpRequest()
    assert async_to_sync(session.aget)("user_pk") is None


def test_asynchronous_views_write_the_same(people: People) -> None:
    from asgiref.sync import async_to_sync

    saved: list[dict[str, Any]] = []

    class Store(SessionBase):
        async def asave(self, must_create: bool = False) -> None:
            saved.append(await self._aget_session(no_load=must_create))  # type: ignore[attr-defined]

    session = sessions._bound(Store)()
    session.request = HttpRequest()
    session.request.META = {"HTTP_HOST": A}
    session["user_pk"] = people.user_a.pk
    async_to_sync(session.asave)()
    assert saved == [{"user_pk": people.user_a.pk, sessions.BEGAN: A}]
