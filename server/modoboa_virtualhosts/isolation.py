# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Who may enter a virtual host.

So far this guards the login form. Sessions, tokens and the rest of Modoboa's ways in ask
:func:`may_enter` as well, once they are guarded.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.dispatch import receiver
from modoboa.admin.models import Domain
from modoboa.core.signals import user_can_login

from . import hosts
from .models import VirtualHostDomain

logger = logging.getLogger("modoboa.auth")


def may_enter(user: Any, host: hosts.Host | None) -> bool:
    """Tell whether a user is at home on a virtual host.

    :param user: an authenticated user of Modoboa
    :param host: the virtual host, None for the instance's own hostnames, which are open to all
    """
    if host is None or user.is_superuser:
        return True
    if not host.enabled:
        return False
    domains = VirtualHostDomain.objects.filter(virtualhost_id=host.pk).values("domain_id")
    mailbox = getattr(user, "mailbox", None)
    if mailbox is not None and domains.filter(domain_id=mailbox.domain_id).exists():
        return True
    administered = user.objectaccess_set.filter(
        content_type=ContentType.objects.get_for_model(Domain), object_id__in=domains
    )
    return bool(administered.exists())


@receiver(user_can_login)
def refuse_strangers(sender: Any, user: Any, **_kwargs: Any) -> None:
    """Refuse a login on a foreign host exactly as a wrong password is refused.

    :param sender: the login form
    :raises ValidationError: this user is not at home on the host that the form was sent to
    """
    hostname = hosts.request_hostname(sender.request)
    if may_enter(user, hosts.find(hostname)):
        return
    logger.warning("Login of '%s' refused: not at home on virtual host '%s'", user, hostname)
    raise sender.get_invalid_login_error()
