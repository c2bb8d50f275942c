# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Tokens and codes on hosts that are not their user's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browser import Browser
from deployed import PRIMARY
from django.db import connection
from django.test.utils import CaptureQueriesContext
from log_of_refusals import is_logged
from oauth2_provider.models import get_id_token_model
from people import A, B, virtual_host
from rest_framework.authtoken.models import Token

from modoboa_virtualhosts import links

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db

ME = "/api/v2/account/me/"
USERINFO = "/api/o/userinfo/"
HOSTS = (PRIMARY, A, B)


def hosts_that_answer(ask: Any) -> set[str]:
    statuses = {host: ask(Browser(host)).status_code for host in HOSTS}
    assert set(statuses.values()) <= {200, 401}, statuses
    return {host for host, status in statuses.items() if status == 200}


WAYS: dict[str, Any] = {
    "header": lambda token: lambda browser: browser.get(ME, token=token),
    "address": lambda token: lambda browser: browser.get(ME, {"access_token": token}),
    "userinfo": lambda token: lambda browser: browser.get(USERINFO, token=token),
    "userinfo by post": lambda token: (
        lambda browser: browser.post(USERINFO, {"access_token": token})
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("who", "homes"),
    [
        ("admin", set(HOSTS)),
        ("reseller", {PRIMARY}),
        ("user_a", {PRIMARY, A}),
        ("helper_b", {B, PRIMARY}),
    ],
)
def test_access_tokens(people: People, way: str, who: str, homes: set[str]) -> None:
    token = Browser(PRIMARY, getattr(people, who)).tokens()["access_token"]
    assert hosts_that_answer(WAYS[way](token)) == homes


def test_id_tokens(people: People) -> None:
    token = Browser(A, people.user_a).tokens()["id_token"]
    assert hosts_that_answer(WAYS["header"](token)) == {PRIMARY, A}
    assert is_logged("user@a.test", B, "ID token")


@pytest.mark.parametrize(("who", "homes"), [("admin", set(HOSTS)), ("user_a", {PRIMARY, A})])
def test_rest_framework_tokens(people: People, who: str, homes: set[str]) -> None:
    key = Token.objects.get_or_create(user=getattr(people, who))[0].key
    assert (
        hosts_that_answer(
            lambda browser: browser.client.get(
                ME, secure=True, headers={"authorization": f"Token {key}"}
            )
        )
        == homes
    )


@pytest.mark.parametrize("scheme", ["Bearer", "Token"])
def test_a_refused_token_looks_like_an_unknown_one(people: People, scheme: str) -> None:
    if scheme == "Bearer":
        token = Browser(A, people.user_a).tokens()["access_token"]
    else:
        token = Token.objects.create(user=people.user_a).key

    def answer(value: str) -> tuple[int, str, bytes]:
        response: Any = Browser(B).client.get(
            ME, secure=True, headers={"authorization": f"{scheme} {value}"}
        )
        return response.status_code, response["WWW-Authenticate"], response.content

    assert answer(token) == answer("unknown")
    assert answer(token)[0] == 401


def test_tokens_follow_their_user(people: People) -> None:
    token = Browser(A, people.user_a).tokens()["access_token"]
    ask = WAYS["header"](token)
    links.assign(people.domain_a, B)
    assert hosts_that_answer(ask) == {PRIMARY, B}
    links.assign(people.domain_a, "")
    assert hosts_that_answer(ask) == {PRIMARY}
    links.assign(people.domain_a, A)
    virtual_host(A, enabled=False)
    assert hosts_that_answer(ask) == {PRIMARY}
    virtual_host(A, enabled=True)
    assert hosts_that_answer(ask) == {PRIMARY, A}


def test_a_refused_refresh_token_stays_good_at_home(people: People) -> None:
    token = Browser(A, people.user_a).tokens()["refresh_token"]
    refused = Browser(B).refresh(token)
    assert refused.status_code == 400
    unknown = Browser(B).refresh("unknown")
    assert (refused.headers, refused.content) == (unknown.headers, unknown.content)
    assert Browser(A).refresh(token).status_code == 200
    assert is_logged("user@a.test", B, "refresh token")


def test_a_refused_code_stays_good_at_home(people: People) -> None:
    code = Browser(A, people.user_a).code()
    before = get_id_token_model().objects.count()
    refused = Browser(B).redeem(code, A)
    assert refused.status_code == 400
    unknown = Browser(B).redeem("unknown", A)
    assert (refused.headers, refused.content) == (unknown.headers, unknown.content)
    assert get_id_token_model().objects.count() == before
    assert Browser(A).redeem(code).status_code == 200
    assert is_logged("user@a.test", B, "authorization code")


def test_a_superuser_goes_anywhere(people: People) -> None:
    tokens = Browser(A, people.admin).tokens()
    assert Browser(B).refresh(tokens["refresh_token"]).status_code == 200
    assert Browser(PRIMARY).redeem(Browser(A, people.admin).code(), A).status_code == 200


def test_a_request_with_a_token_costs_as_many_queries_as_on_the_primary_host(
    people: People,
) -> None:
    token = Browser(PRIMARY, people.user_a).tokens()["access_token"]
    counts = []
    for host in (PRIMARY, A):
        browser = Browser(host)
        browser.get(ME, token=token)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(ME, token=token).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
