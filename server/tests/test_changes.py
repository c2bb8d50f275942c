# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Whatever changes an answer that is remembered is noticed, however it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from modoboa.admin.models import Domain, Mailbox
from modoboa.core.models import ObjectAccess, User
from people import A

from modoboa_virtualhosts import changes, generation, links, memory
from modoboa_virtualhosts.models import VirtualHost, VirtualHostDomain

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db


def domain_access(user: User, domain: Domain) -> ObjectAccess:
    kind = ContentType.objects.get_for_model(Domain)
    return ObjectAccess(user=user, content_type=kind, object_id=domain.pk)


CHANGES: dict[str, Callable[[People], object]] = {
    "a host made": lambda _p: VirtualHost.objects.create(name="new.test"),
    "hosts made in bulk": lambda _p: VirtualHost.objects.bulk_create([VirtualHost(name="n.test")]),
    "a host changed": lambda p: p.host_a.save(),
    "a host disabled": lambda _p: VirtualHost.objects.filter(name=A).update(enabled=False),
    "a colour": lambda _p: VirtualHost.objects.update(theme_label_color="#123456"),
    "a host deleted": lambda p: p.host_a.delete(),
    "linked": lambda p: links.assign(p.domain("new.test"), A),
    "moved": lambda p: links.assign(p.domain_a, "mail.b.test"),
    "unlinked": lambda p: links.assign(p.domain_a, ""),
    "all unlinked": lambda _p: VirtualHostDomain.objects.all().delete(),
    "a domain deleted": lambda p: Domain.objects.filter(pk=p.domain_a.pk).delete(),
    "an administrator": lambda p: p.domain_a.add_admin(p.reseller),
    "administrators in bulk": lambda p: ObjectAccess.objects.bulk_create(
        [domain_access(p.reseller, p.domain_a)], ignore_conflicts=True
    ),
    "no administrator any more": lambda p: p.domain_a.remove_admin(p.boss_a),
    "a mailbox moved": lambda p: Mailbox.objects.filter(user=p.user_a).update(domain=p.domain_b),
    "a mailbox saved": lambda p: p.user_a.mailbox.save(),
    "mailboxes deleted": lambda p: Mailbox.objects.filter(domain=p.domain_a).delete(),
    "an account saved": lambda p: p.user_a.save(),
    "an account deactivated": lambda p: User.objects.filter(pk=p.user_a.pk).update(is_active=False),
    "a super administrator": lambda _p: User.objects.update(is_superuser=True),
    "an account deleted": lambda p: User.objects.filter(pk=p.user_a.pk).delete(),
}

NO_CHANGES: dict[str, Callable[[People], object]] = {
    "a report": lambda _p: VirtualHost.objects.update(
        provisioning_status="ready", last_provisioning_error="", certificate_valid_until=None
    ),
    "a login": lambda p: p.user_a.save(update_fields=["last_login"]),
    "a mailbox's quota": lambda p: Mailbox.objects.filter(pk=p.user_a.mailbox.pk).update(quota=7),
    "reading": lambda _p: list(User.objects.filter(is_active=True)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_noticed(people: People, change: str) -> None:
    before = generation.read()
    CHANGES[change](people)
    assert generation.read() != before


@pytest.mark.parametrize("other", NO_CHANGES)
def test_not_taken_for_a_change(people: People, other: str) -> None:
    before = generation.read()
    NO_CHANGES[other](people)
    assert generation.read() == before


@pytest.mark.parametrize(
    ("sql", "change"),
    [
        ('INSERT INTO "core_objectaccess" ("user_id") VALUES (1)', True),
        ('INSERT OR IGNORE INTO "core_objectaccess" ("user_id") VALUES (1)', True),
        ("INSERT IGNORE INTO `core_objectaccess` (`user_id`) VALUES (1)", True),
        ("REPLACE INTO `core_objectaccess` (`user_id`) VALUES (1)", True),
        ("DELETE `core_objectaccess` FROM `core_objectaccess` INNER JOIN `core_user`", True),
        ("delete from core_objectaccess", True),
        ('  UPDATE "core_user" SET "is_superuser" = 1', True),
        ('UPDATE "core_user" SET "last_login" = 1 WHERE "core_user"."id" = 1', False),
        ('INSERT INTO "core_log" ("message") VALUES (\'UPDATE "core_user" "is_active"\')', False),
        ('SELECT "is_superuser" FROM "core_user"', False),
        ("SAVEPOINT x", False),
    ],
)
def test_statements(sql: str, change: bool) -> None:
    quote = "`{}`".format if "`" in sql else '"{}"'.format
    assert changes.is_change(sql, quote) == change


@pytest.mark.django_db(transaction=False)
def test_announced_again_when_committed(
    people: People, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        people.user_a.save()
        with transaction.atomic():
            people.user_b.save()
    assert callbacks.count(memory.announce) == 1


def test_announced_by_what_is_left_of_a_transaction(people: People) -> None:
    try:
        with transaction.atomic():
            people.user_a.save()
            raise ValueError
    except ValueError:
        pass
    assert not any(entry[1] is memory.announce for entry in connection.run_on_commit)
    people.user_a.save()
    assert any(entry[1] is memory.announce for entry in connection.run_on_commit)


def test_a_connection_is_watched_once() -> None:
    changes.install()
    changes._watch(connection=connection)
    assert connection.execute_wrappers.count(changes._notice) == 1
