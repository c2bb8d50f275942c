# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Forgotten passwords, and accounts that come into being at their first login."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from browser import Browser
from deployed import PRIMARY
from django.core import mail
from log_of_refusals import is_logged
from modoboa.core import sms_backends
from modoboa.core.forms import PasswordResetForm
from modoboa.core.models import LocalConfig, User
from modoboa.imap_migration import auth_backends
from modoboa.imap_migration.models import EmailProvider, EmailProviderDomain
from people import PASSWORD, A, B, virtual_host

from modoboa_virtualhosts.isolation import new_accounts

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db

ASK = "/accounts/password_reset/"
ELSEWHERE = "me@elsewhere.test"


@pytest.fixture(autouse=True)
def _second_addresses(people: People) -> None:
    User.objects.exclude(email="").update(secondary_email=ELSEWHERE)


def ask(host: str, email: str) -> Any:
    answer = Browser(host).post(ASK, {"email": email})
    assert answer.status_code == 302
    return answer["Location"]


def link() -> str:
    (message,) = mail.outbox
    (found,) = re.findall(r"https?://\S+", str(message.body))
    return str(found)


@pytest.mark.parametrize(
    ("host", "email", "sent"),
    [
        *((A, "user@a.test", True), (B, "user@a.test", False), (PRIMARY, "user@a.test", True)),
        *((B, "helper@elsewhere.test", True), (A, "helper@elsewhere.test", False)),
        *((A, "nobody@a.test", False),),
    ],
)
def test_mail_for_those_at_home(people: People, host: str, email: str, sent: bool) -> None:
    assert ask(host, email) == "/accounts/password_reset/done/"
    assert bool(mail.outbox) == sent


def test_a_refusal_is_logged(people: People) -> None:
    ask(B, "user@a.test")
    assert is_logged("user@a.test", B, "password reset")


def test_nothing_is_sent_from_a_disabled_host(people: People) -> None:
    virtual_host(A, enabled=False)
    ask(A, "user@a.test")
    assert not mail.outbox


@pytest.mark.parametrize("port", [443, 8443])
@pytest.mark.parametrize("host", [A, A.upper(), f"{A}.", f"{A}:8443"])
def test_the_link_leads_to_the_host(people: People, settings: Any, port: int, host: str) -> None:
    settings.MODOBOA_VIRTUALHOSTS_PORT = port
    ask(host, "user@a.test")
    assert link().startswith(f"https://{A}/reset/" if port == 443 else f"https://{A}:8443/reset/")


def test_the_link_of_the_primary_host_is_modoboas(people: People) -> None:
    ask(PRIMARY, "user@a.test")
    assert link().startswith(f"https://{PRIMARY}/reset/")


@pytest.mark.parametrize(
    ("who", "administers", "host"),
    [
        *(("user_a", "", A), ("boss_a", "", A)),
        # Whoever A's name leads to could use such a link elsewhere
        *(("admin", "", PRIMARY), ("boss_a", "b.test", PRIMARY), ("boss_a", "c.test", PRIMARY)),
        *(
            ("user_a", "b.test", PRIMARY),
            ("reseller", "a.test", A),
            ("reseller", "a.test b.test", PRIMARY),
        ),
    ],
)
def test_what_is_good_elsewhere_does_not_lead_to_the_host(
    people: People, who: str, administers: str, host: str
) -> None:
    unlinked = people.domain("c.test")
    user = getattr(people, who)
    for domain in (people.domain_a, people.domain_b, unlinked):
        if domain.name in administers.split():
            domain.add_admin(user)
    email = user.email or f"{user.username}@elsewhere.test"
    User.objects.filter(pk=user.pk).update(email=email, secondary_email=ELSEWHERE)
    virtual_host(A, theme_sender_address="help@a.test")
    assert ask(A, email) == "/accounts/password_reset/done/"
    assert link().startswith(f"https://{host}/reset/")
    assert (mail.outbox[0].from_email == "help@a.test") == (host == A)


def test_a_disabled_host_sends_its_super_administrators_elsewhere(people: People) -> None:
    virtual_host(A, enabled=False)
    User.objects.filter(pk=people.admin.pk).update(email="admin@elsewhere.test")
    User.objects.exclude(email="").update(secondary_email=ELSEWHERE)
    ask(A, "admin@elsewhere.test")
    assert link().startswith(f"https://{PRIMARY}/reset/")


def test_a_link_on_a_foreign_host_is_like_a_used_one(people: People) -> None:
    ask(A, "user@a.test")
    path = link().partition(A)[2]
    stranger, at_home = Browser(B), Browser(A)
    answer = stranger.get(path)
    assert answer.status_code == 200
    assert "link was invalid" in answer.content.decode()
    assert is_logged("user@a.test", B, "password reset link")
    answer = at_home.get(path)
    assert answer.status_code == 302
    # Also in the second step, which knows the link from the session
    cookie, form = at_home.cookie, {"new_password1": "Other1234", "new_password2": "Other1234"}
    Browser(B, cookie=cookie).post(answer["Location"], form)
    assert User.objects.get(pk=people.user_a.pk).check_password(PASSWORD)
    at_home.post(answer["Location"], form)
    assert User.objects.get(pk=people.user_a.pk).check_password("Other1234")


def test_programs_ask_for_whomever_they_like(people: People) -> None:
    assert [user.pk for user in PasswordResetForm().get_users("user@a.test")] == [people.user_a.pk]


@pytest.fixture
def sent_by_sms(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []

    class Backend:
        def send(self, _text: str, recipients: list[str]) -> bool:
            sent.extend(recipients)
            return True

    configuration = LocalConfig.objects.get()
    configuration.parameters.set_value("sms_password_recovery", True, app="core")
    configuration.save()
    monkeypatch.setattr(sms_backends, "get_active_backend", lambda _parameters: Backend())
    User.objects.filter(username="user@a.test").update(phone_number="+33612345678")
    return sent


@pytest.mark.parametrize(("host", "sent"), [(A, True), (B, False), (PRIMARY, True)])
def test_sms(people: People, sent_by_sms: list[str], host: str, sent: bool) -> None:
    expected = "/reset/confirm_code/" if sent else "/accounts/password_reset/done/"
    assert ask(host, "user@a.test") == expected
    assert bool(sent_by_sms) == sent
    assert not mail.outbox


def test_an_address_that_two_accounts_share(people: People, sent_by_sms: list[str]) -> None:
    """Modoboa would send an SMS to the first of them, whoever that is."""
    User.objects.filter(pk=people.user_b.pk).update(email="user@a.test")
    assert ask(B, "user@a.test") == "/accounts/password_reset/done/"
    assert not sent_by_sms
    assert "/reset/" in link()


# Accounts that come into being at their first login


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An IMAP backend that believes everybody; returns who it was asked about."""
    names: list[str] = []

    def authenticate(_backend: Any, _request: Any, username: str = "", password: str = "") -> Any:
        names.append(username)
        user, _created = User.objects.get_or_create(username=username, email=username)
        return user

    monkeypatch.setattr(auth_backends.IMAPBackend, "authenticate", authenticate)
    return names


def log_in(host: str, username: str, password: str = "Whatever1") -> int:
    form = {"username": username, "password": password}
    return int(Browser(host).post("/accounts/login/", form).status_code)


@pytest.mark.parametrize(
    ("host", "username", "reached"),
    [
        *((A, "new@a.test", True), (B, "new@a.test", False), (PRIMARY, "new@a.test", True)),
        *((A, "new@unknown.test", False), (PRIMARY, "new@unknown.test", True)),
        *((A, "New@A.Test", True), (B, "New@A.Test", False)),
        # What LDAP makes of a name without a domain is known to LDAP alone
        (A, "new", True),
    ],
)
def test_no_account_comes_into_being_on_a_foreign_host(
    people: People, asked: list[str], host: str, username: str, reached: bool
) -> None:
    log_in(host, username)
    assert asked == ([username] if reached else [])
    assert User.objects.filter(username=username).exists() == reached


def test_a_domain_that_is_migrated_to_another(people: People, asked: list[str]) -> None:
    provider = EmailProvider.objects.create(name="old", address="imap.test", port=143)
    EmailProviderDomain.objects.create(
        name="old.test", provider=provider, new_domain=people.domain_a
    )
    log_in(B, "new@old.test")
    assert asked == []
    log_in(A, "new@old.test")
    assert asked == ["new@old.test"]


def test_addresses_of_elsewhere_that_are_at_home_here(people: People, asked: list[str]) -> None:
    assert log_in(B, "helper@elsewhere.test", PASSWORD) == 302
    assert log_in(A, "helper@elsewhere.test", PASSWORD) == 401
    assert asked == []
    assert is_logged("helper@elsewhere.test", A, "password")


def test_a_refusal_takes_as_long_as_a_wrong_password(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[bytes] = []

    class Hasher:
        def encrypt(self, password: bytes) -> None:
            hashed.append(password)

    monkeypatch.setattr(new_accounts, "get_configured_password_hasher", lambda: Hasher)
    for username in ("helper@elsewhere.test", "nobody@elsewhere.test"):
        log_in(A, username, "Guess1234")
    assert hashed == [b"Guess1234"] * 2
    monkeypatch.undo()
    assert log_in(A, "nobody@elsewhere.test", "Gu\u00e9ss") == 401


def test_the_doorkeeper_is_not_in_anybodys_way(people: People) -> None:
    """It is asked without a request, and with credentials that are none of its own."""
    from django.contrib.auth import authenticate

    assert authenticate(username="user@a.test", password=PASSWORD) == people.user_a
    assert authenticate(None, token="something") is None
    people.user_a.has_perm("admin.add_domain")
