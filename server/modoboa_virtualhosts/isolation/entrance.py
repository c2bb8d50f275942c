# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Who may enter a virtual host: the one question that all guards ask."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from modoboa.admin.models import Domain, Mailbox
from modoboa.core.models import ObjectAccess

from .. import hosts, memory
from ..models import VirtualHost, VirtualHostDomain
from .refusals import Refusal, log

NO_ACCOUNT = "it is no account"
INACTIVE = "the account is inactive"
DISABLED = "the virtual host is disabled"
STRANGER = "none of its domains is on this virtual host"
NO_HOST = "the request names no hostname of this instance"


def refusal(user_pk: int | None, host: hosts.Host | None) -> str:
    """Return why an account may not enter a virtual host, empty when it may.

    :param user_pk: the account's primary key, None for credentials that belong to no account
    :param host: the virtual host, None for the instance's own hostnames, which are open to all
    """
    if host is None:
        return ""
    if user_pk is None:
        return NO_ACCOUNT
    if is_superuser(user_pk, active=True):
        return ""
    return memory.remember(("refusal", user_pk, host.pk), lambda: _refusal(user_pk, host))


def may_enter(user: Any, host: hosts.Host | None) -> bool:
    """Tell whether a user is at home on a virtual host.

    :param user: an account of Modoboa
    :param host: the virtual host, None for the instance's own hostnames, which are open to all
    """
    return not refusal(user.pk, host)


def is_superuser(user_pk: int, *, active: bool = False) -> bool:
    """Tell whether an account is a super administrator's.

    :param active: whether it must also be active
    """
    more = {"is_active": True} if active else {}
    return memory.remember(
        ("superuser", user_pk, active),
        lambda: get_user_model().objects.filter(pk=user_pk, is_superuser=True, **more).exists(),
    )


def belongs(user_pk: int, host: hosts.Host) -> bool:
    """Tell whether all that an account is let in for is on one virtual host.

    What the tenant of that hostname gets hold of, who may let its name lead elsewhere, is then good for
    nothing that is not theirs.

    :param user_pk: the account's primary key
    :param host: the virtual host
    """
    if is_superuser(user_pk):
        return False
    domains = _domains(host)
    mailboxes = Mailbox.objects.filter(user_id=user_pk).exclude(domain_id__in=domains)
    administered = _administered(user_pk).exclude(object_id__in=domains)
    return not mailboxes.exists() and not administered.exists()


def objection(request: HttpRequest, user_pk: int | None) -> str:
    """Return why a request of an account's is refused, empty when it is not.

    :param request: any request; only its hostname matters
    :param user_pk: the account's primary key, None for credentials that belong to no account
    """
    hostname = hosts.request_hostname(request)
    return refusal(user_pk, hosts.find(hostname)) if hostname else NO_HOST


def admits(request: HttpRequest, user_pk: int | None, way: str) -> bool:
    """Tell whether an account may enter where a request came in; a refusal is logged.

    :param request: any request; only its hostname matters
    :param user_pk: the account's primary key, None for credentials that belong to no account
    :param way: how the account is known, in words for the log
    """
    reason = objection(request, user_pk)
    if reason:
        log(Refusal(hosts.request_hostname(request), user_pk, way, reason))
    return not reason


def _refusal(user_pk: int, host: hosts.Host) -> str:
    account = get_user_model().objects.filter(pk=user_pk).only("is_active").first()
    if account is None:
        return NO_ACCOUNT
    if not account.is_active:
        return INACTIVE
    # Hosts are remembered for longer than answers
    if not VirtualHost.objects.filter(pk=host.pk, enabled=True).exists():
        return DISABLED
    domains = _domains(host)
    if Mailbox.objects.filter(user_id=user_pk, domain_id__in=domains).exists():
        return ""
    administered = _administered(user_pk).filter(object_id__in=domains)
    return "" if administered.exists() else STRANGER


def _domains(host: hosts.Host) -> QuerySet[Any, Any]:
    return VirtualHostDomain.objects.filter(virtualhost_id=host.pk).values("domain_id")


def _administered(user_pk: int) -> QuerySet[Any, Any]:
    kind = ContentType.objects.get_for_model(Domain)
    found: QuerySet[Any, Any] = ObjectAccess.objects.filter(user_id=user_pk, content_type=kind)
    return found
