# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Accounts that come into being at their first login, through Modoboa's IMAP, SMTP or LDAP backends.

The login form refuses strangers, but by then these backends have made their account, and asked
another server for their password. So addresses of domains that are elsewhere are turned away first.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.encoding import smart_bytes
from modoboa.core.password_hashers import get_configured_password_hasher
from modoboa.imap_migration.models import EmailProviderDomain
from modoboa.lib.email_utils import split_mailbox

from .. import hosts
from ..models import VirtualHostDomain
from . import entrance
from .refusals import Refusal, log

BACKEND = f"{__name__}.Doorkeeper"


class Doorkeeper:
    """An authentication backend that knows nobody, and ends the search for some."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str = "",
        password: str = "",
        **_others: object,
    ) -> None:
        """Let other backends answer.

        :raises PermissionDenied: a mail address that is at home elsewhere, whether it exists or not
        """
        host = hosts.find_for_request(request) if request is not None else None
        if host is None or not isinstance(username, str) or not _is_elsewhere(username, host):
            return
        accounts = get_user_model().objects.filter(username__iexact=username)
        if not any(entrance.may_enter(account, host) for account in accounts.only("pk")):
            known = accounts.values_list("pk", flat=True).first()
            log(Refusal(host.name, known, "password", entrance.STRANGER))
            # Takes as long as a wrong password, as Django sees to it for unknown names. Its hashers
            # get bytes from Modoboa itself, too.
            guess: Any = smart_bytes(password or "")
            get_configured_password_hasher()().encrypt(guess)
            raise PermissionDenied


def _is_elsewhere(username: str, host: hosts.Host) -> bool:
    """Tell whether a name is a mail address of a domain that is not on this virtual host.

    Names without a domain are not looked at: what LDAP makes of them is known to LDAP alone.
    """
    _address, domain = split_mailbox(username)
    if not domain:
        return False
    # The IMAP backend may give people an address in another domain
    migrated = EmailProviderDomain.objects.filter(name__iexact=domain, new_domain__isnull=False)
    names = list(migrated.values_list("new_domain__name", flat=True)) or [domain.lower()]
    here = VirtualHostDomain.objects.filter(virtualhost_id=host.pk, domain__name__in=names)
    return not here.exists()


def install() -> None:
    """Come before all other backends."""
    if BACKEND not in settings.AUTHENTICATION_BACKENDS:
        settings.AUTHENTICATION_BACKENDS = (BACKEND, *settings.AUTHENTICATION_BACKENDS)
