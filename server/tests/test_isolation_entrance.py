# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Who may enter a virtual host, how soon a change counts, and what the question costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from browser import Browser
from deployed import PRIMARY
from django.contrib.contenttypes.models import ContentType
from django.core.signals import request_finished, request_started
from django.db import DatabaseError
from django.test import RequestFactory
from log_of_refusals import is_logged
from modoboa.admin.models import Domain, Mailbox
from modoboa.core.models import Log, ObjectAccess, User
from people import A, B, virtual_host

from modoboa_virtualhosts import hosts, links, memory
from modoboa_virtualhosts.isolation import entrance, refusals

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _warm(people: People) -> None:
    """The site, and the kind of object that a domain is, are asked for once in a process's life."""
    hosts.primary_hostnames()
    ContentType.objects.get_for_model(Domain)
    new_request()


def new_request() -> None:
    request_finished.send(sender=None)
    request_started.send(sender=None)


def why_not(user: User, hostname: str) -> str:
    return entrance.refusal(user.pk, hosts.find(hostname))


def admits(user_pk: int | None, hostname: str) -> bool:
    request = RequestFactory().get("/", headers={"host": hostname})
    return entrance.admits(request, user_pk, "test")


def test_reasons(people: People) -> None:
    assert why_not(people.user_a, A) == ""
    assert why_not(people.user_a, PRIMARY) == ""
    assert why_not(people.user_a, B) == entrance.STRANGER
    assert why_not(people.reseller, A) == entrance.STRANGER
    assert why_not(people.helper_b, B) == ""
    assert entrance.refusal(None, hosts.find(A)) == entrance.NO_ACCOUNT
    assert entrance.refusal(0, hosts.find(A)) == entrance.NO_ACCOUNT
    virtual_host(A, enabled=False)
    assert why_not(people.user_a, A) == entrance.DISABLED
    assert why_not(people.admin, A) == ""
    people.boss_b.is_active = False
    people.boss_b.save()
    assert why_not(people.boss_b, B) == entrance.INACTIVE
    # The API accepts access tokens without a look at whether their account is active
    User.objects.filter(pk=people.admin.pk).update(is_active=False)
    assert why_not(people.admin, A) == entrance.INACTIVE


def test_a_host_that_is_not_ours_is_closed_to_all(people: People) -> None:
    assert not admits(people.admin.pk, "unknown.test")
    assert not admits(None, f"{A}@{B}")
    assert admits(None, PRIMARY)


def test_no_query_once_known(people: People, django_assert_num_queries: Any) -> None:
    for user in (people.user_a, people.user_b, people.admin):
        why_not(user, A)
    new_request()
    with django_assert_num_queries(0):
        assert why_not(people.user_a, A) == ""
        assert why_not(people.user_b, A) == entrance.STRANGER
        assert why_not(people.admin, A) == ""
        assert why_not(people.user_a, PRIMARY) == ""


def demote(people: People) -> None:
    people.boss_b.role = "SimpleUsers"
    Mailbox.objects.filter(user=people.boss_b).update(domain=people.domain_a)


CHANGES: dict[str, tuple[str, str, Callable[[People], object]]] = {
    "unlinked": ("user_a", A, lambda p: links.assign(p.domain_a, "")),
    "moved": ("user_a", A, lambda p: links.assign(p.domain_a, B)),
    "moved there": ("user_a", B, lambda p: links.assign(p.domain_a, B)),
    "disabled": ("user_a", A, lambda _p: virtual_host(A, enabled=False)),
    "mailbox moved": ("user_a", B, lambda p: p.domain_b.mailbox_set.add(p.user_a.mailbox)),
    "made administrator": ("reseller", B, lambda p: p.domain_b.add_admin(p.reseller)),
    "administrator no more": ("helper_b", B, lambda p: p.domain_b.remove_admin(p.helper_b)),
    "another role": ("boss_b", B, demote),
    "super administrator": ("user_b", A, lambda p: setattr(p.user_b, "role", "SuperAdmins")),
    "deactivated": ("user_a", A, lambda p: User.objects.filter(pk=p.user_a.pk).update(is_active=0)),
    "deleted": ("user_a", A, lambda p: User.objects.filter(pk=p.user_a.pk).delete()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_by_another_process_counts_with_the_next_request(
    people: People, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, hostname, make = CHANGES[change]
    user: User = getattr(people, who)
    before = why_not(user, hostname)
    with monkeypatch.context() as another_process:
        another_process.setattr(memory, "_state", memory.State())
        make(people)
    new_request()
    assert (why_not(user, hostname) == "") != (before == "")


def test_access_granted_in_bulk_counts(people: People) -> None:
    """Modoboa does so when it hands over what a deleted administrator had."""
    assert why_not(people.reseller, A)
    kind = ContentType.objects.get_for_model(Domain)
    access = ObjectAccess(user=people.reseller, content_type=kind, object_id=people.domain_a.pk)
    ObjectAccess.objects.bulk_create([access])
    new_request()
    assert not why_not(people.reseller, A)


def test_what_is_remembered_is_bounded(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_REMEMBER_ANSWERS", 2)
    for user in (people.user_a, people.user_b, people.boss_a, people.boss_b):
        why_not(user, A)
    shared = memory._state.shared
    assert shared is not None
    assert len(shared.answers) <= 2


def test_a_refusal_is_logged_once_a_minute(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Log.objects.count()
    for _time in range(3):
        assert not admits(people.user_b.pk, A)
    assert is_logged("user@b.test", A, "test", entrance.STRANGER)
    assert Log.objects.count() == before + 1
    assert not admits(people.user_b.pk, B.replace("b", "a").upper())
    assert Log.objects.count() == before + 1
    monkeypatch.setattr(refusals, "_LOG_SECONDS", 0.0)
    assert not admits(people.user_b.pk, A)
    assert Log.objects.count() == before + 2


def test_memory_of_the_log_is_bounded(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "_LOG_ENTRIES", 2)
    for user in (people.user_b, people.boss_b, people.helper_b, people.reseller):
        admits(user.pk, A)
    assert len(refusals._logged) <= 2


def test_a_refusal_stays_one_when_it_cannot_be_logged(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise DatabaseError

    token = Browser(A, people.user_a).tokens()["access_token"]
    monkeypatch.setattr(refusals.logger, "warning", fail)
    assert Browser(B).get("/api/v2/account/me/", token=token).status_code == 401
