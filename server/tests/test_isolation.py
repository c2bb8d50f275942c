# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Who may log in where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from deployed import PRIMARY
from django.test import Client
from people import PASSWORD, A, B, virtual_host

from modoboa_virtualhosts import links

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db


class Login:
    """The login form, filled in and sent to a host."""

    def __init__(self, username: str, host: str, password: str = PASSWORD) -> None:
        self.client = Client(headers={"host": host})
        self.response = self.client.post(
            "/accounts/login/", {"username": username, "password": password}, secure=True
        )

    @property
    def accepted(self) -> bool:
        accepted = self.response.status_code == 302 and "_auth_user_id" in self.client.session
        assert accepted or (
            self.response.status_code == 401 and "_auth_user_id" not in self.client.session
        )
        return accepted

    @property
    def page(self) -> str:
        """The page that was answered, without what differs in every answer."""
        return re.sub(r"value=\"[^\"]{20,}\"", "", self.response.content.decode())


@pytest.fixture
def _password_of_admin(people: People) -> None:
    people.admin.password = f"{{PLAIN}}{PASSWORD}"
    people.admin.save()


@pytest.mark.usefixtures("_password_of_admin")
@pytest.mark.parametrize("host", [PRIMARY, A, B])
@pytest.mark.parametrize(
    ("username", "at_home"),
    [
        ("admin", {PRIMARY, A, B}),
        ("reseller", {PRIMARY}),
        ("boss@a.test", {PRIMARY, A}),
        ("user@a.test", {PRIMARY, A}),
        ("boss@b.test", {PRIMARY, B}),
        ("user@b.test", {PRIMARY, B}),
        ("helper@elsewhere.test", {PRIMARY, B}),
    ],
)
def test_matrix(username: str, at_home: set[str], host: str) -> None:
    assert Login(username, host).accepted == (host in at_home)


@pytest.mark.usefixtures("_password_of_admin")
@pytest.mark.parametrize(
    ("username", "accepted"),
    [
        *(("admin", True), ("boss@a.test", False), ("user@a.test", False)),
        *(("user@b.test", False), ("reseller", False)),
    ],
)
def test_a_disabled_host_serves_super_administrators_only(username: str, accepted: bool) -> None:
    virtual_host(A, enabled=False)
    assert Login(username, A).accepted == accepted
    assert Login(username, PRIMARY).accepted


def test_a_reseller_where_they_administer(people: People) -> None:
    people.domain_b.add_admin(people.reseller)
    assert Login("reseller", B).accepted
    assert not Login("reseller", A).accepted


def test_moving_a_domain_moves_its_people(people: People) -> None:
    links.assign(people.domain_a, B)
    assert Login("user@a.test", B).accepted
    assert not Login("user@a.test", A).accepted
    links.assign(people.domain_a, "")
    assert not Login("user@a.test", B).accepted
    assert Login("user@a.test", PRIMARY).accepted


@pytest.mark.parametrize("host", [f"{A}.", f"{A}:8443", A.upper(), f"{A.upper()}.:443"])
def test_other_ways_to_write_a_hostname(people: People, host: str) -> None:
    assert Login("user@a.test", host).accepted
    assert not Login("user@b.test", host).accepted


def test_forwarded_host_changes_nothing(people: People) -> None:
    client = Client(headers={"host": A, "x-forwarded-host": PRIMARY})
    response: Any = client.post(
        "/accounts/login/", {"username": "user@b.test", "password": PASSWORD}, secure=True
    )
    assert response.status_code == 401


def test_a_refusal_looks_like_a_wrong_password(people: People) -> None:
    refused = Login("user@b.test", A)
    wrong = Login("user@b.test", A, "Wrong1234")
    assert refused.response.status_code == wrong.response.status_code == 401
    assert refused.page == wrong.page
    unknown = Login("nobody@b.test", A)
    assert unknown.page.replace("nobody@b.test", "user@b.test") == refused.page


def test_a_refusal_is_logged(people: People) -> None:
    from modoboa.core.models import Log

    Login("user@b.test", A)
    logged = Log.objects.filter(logger="modoboa.auth").values_list("message", flat=True)
    assert any("user@b.test" in message and A in message for message in logged)


def test_an_inactive_user_stays_out(people: People) -> None:
    people.user_a.is_active = False
    people.user_a.save()
    assert not Login("user@a.test", A).accepted
