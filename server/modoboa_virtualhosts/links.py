# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Which mail domain is on which virtual host."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from modoboa.admin.models import Domain

from .hosts import primary_hostnames
from .models import VirtualHost, VirtualHostDomain


def hostname_of(domain: Domain) -> str:
    """Return the hostname of a domain's virtual host, empty when it is on none."""
    name = (
        VirtualHostDomain.objects.filter(domain_id=domain.pk)
        .values_list("virtualhost__name", flat=True)
        .first()
    )
    return name or ""


def refuse_primary(hostname: str) -> None:
    """Refuse the instance's own hostnames as those of virtual hosts.

    :raises ValidationError: it is one of them
    """
    if hostname in primary_hostnames():
        raise ValidationError(
            _(
                "'%(hostname)s' is a hostname of this Modoboa instance itself (its site, or a name"
                " in ALLOWED_HOSTS of its settings.py), so it cannot be a virtual host."
            )
            % {"hostname": hostname},
            code="primary_hostname",
        )


def assign(domain: Domain, hostname: str) -> VirtualHost | None:
    """Put a domain on a virtual host, which comes into being when it does not exist yet.

    :param domain: a mail domain; it leaves the virtual host that it was on
    :param hostname: a valid hostname; empty takes the domain off its virtual host
    :return: the virtual host, None when the domain is on none now
    """
    if not hostname:
        VirtualHostDomain.objects.filter(domain=domain).delete()
        return None
    with transaction.atomic():
        # Locked, so that nobody deletes it before the domain is on it
        virtual_hosts = VirtualHost.objects.select_for_update()
        virtual_host, _created = virtual_hosts.get_or_create(name=hostname)
        VirtualHostDomain.objects.update_or_create(
            domain=domain, defaults={"virtualhost": virtual_host}
        )
    return virtual_host
