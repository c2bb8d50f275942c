# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What else is done with tokens: asking about them, and logging out by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browser import Browser, application
from deployed import PRIMARY
from django.conf import settings
from log_of_refusals import is_logged
from oauth2_provider.models import get_access_token_model, get_application_model
from people import A, B

from modoboa_virtualhosts import links

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db

SECRET = "not a secret, only for tests"


def introspect(host: str, token: str) -> Any:
    application, _created = get_application_model().objects.get_or_create(
        client_id="dovecot",
        defaults={
            "client_secret": SECRET,
            "hash_client_secret": False,
            "client_type": "confidential",
            "authorization_grant_type": "client-credentials",
        },
    )
    return Browser(host).post(
        "/api/o/introspect/",
        {"client_id": application.client_id, "client_secret": SECRET, "token": token},
    )


def test_introspection(people: People) -> None:
    token = Browser(A, people.user_a).tokens()["access_token"]
    for host in (PRIMARY, A):
        assert introspect(host, token).json()["username"] == "user@a.test"
    assert introspect(B, token).json() == introspect(B, "unknown").json() == {"active": False}
    assert is_logged("user@a.test", B, "token introspection")


def test_introspection_needs_an_application_as_ever(people: People) -> None:
    assert Browser(A).post("/api/o/introspect/", {"token": "unknown"}).status_code == 403


def log_out(host: str, cookie: str = "", **query: str) -> Any:
    query = {"client_id": application().client_id, **query}
    return Browser(host, cookie=cookie).get("/api/o/logout/", query)


@pytest.mark.parametrize(("target", "status"), [(A, 302), (B, 400), (PRIMARY, 400)])
def test_a_logout_leads_to_no_other_host(people: People, target: str, status: int) -> None:
    assert log_out(A, post_logout_redirect_uri=f"https://{target}").status_code == status


def test_an_id_token_logs_out_nobody_who_is_elsewhere_now(people: People) -> None:
    browser = Browser(A, people.user_a)
    token = browser.tokens()["id_token"]
    links.assign(people.domain_a, B)
    assert log_out(A, id_token_hint=token).status_code == 400
    assert get_access_token_model().objects.filter(user=people.user_a).exists()
    links.assign(people.domain_a, A)
    assert log_out(A, browser.cookie, id_token_hint=token).status_code == 302
    assert not get_access_token_model().objects.filter(user=people.user_a).exists()


def test_a_logout_leaves_a_foreign_session_alone(people: People) -> None:
    cookie = Browser(A, people.user_a).cookie
    assert log_out(B, cookie).status_code == 302
    assert Browser(A, cookie=cookie).get("/api/o/device/").status_code == 200


def test_what_is_open_to_all_says_nothing_of_anybody(people: People) -> None:
    for path in ("/api/o/.well-known/openid-configuration", "/api/o/.well-known/jwks.json"):
        assert Browser(A).get(path).status_code == 200
    found = Browser(A).get("/api/o/.well-known/openid-configuration").json()
    assert found["issuer"] == f"https://{A}/api/o"
    assert settings.SESSION_COOKIE_NAME not in Browser(A).get("/robots.txt").cookies
