# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The redirect URIs of Modoboa's frontend follow the virtual hosts.

The frontend is one OAuth application for all hostnames. A browser is sent back only to addresses
that this application lists, so every virtual host has its two there.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver
from oauth2_provider.models import get_application_model

from . import settings
from .hosts import primary_hostnames
from .models import VirtualHost

APPLICATION = "modoboa_frontend"
_HTTPS_PORT = 443


def base_uri(hostname: str) -> str:
    """Return the address under which browsers reach a hostname; also where they land after logout.

    :param hostname: a hostname of this instance
    """
    port = int(settings.get("MODOBOA_VIRTUALHOSTS_PORT"))
    return f"https://{hostname}" if port == _HTTPS_PORT else f"https://{hostname}:{port}"


def login_uri(hostname: str) -> str:
    """Return the address to which the frontend has browsers sent after a login."""
    return f"{base_uri(hostname)}/login/logged"


def synchronize(forget: str | None = None) -> None:
    """Bring the application's lists up to date.

    :param forget: the name of a virtual host that is gone
    """
    with transaction.atomic():
        # Locked, as two virtual hosts may be created at the same time
        applications = get_application_model().objects.select_for_update()
        application = applications.filter(name=APPLICATION).first()
        if application is None:
            return  # `manage.py load_initial_data` makes it, and _application_saved completes it
        before = (application.redirect_uris, application.post_logout_redirect_uris)
        _complete(application, forget)
        if before != (application.redirect_uris, application.post_logout_redirect_uris):
            application.save(update_fields=["redirect_uris", "post_logout_redirect_uris"])


def _complete(application: Any, forget: str | None = None) -> None:
    hostnames = list(VirtualHost.objects.order_by("name").values_list("name", flat=True))
    # Whatever is listed for a virtual host is ours, so that a change of port leaves nothing behind
    ours = {*hostnames, forget}
    if int(settings.get("MODOBOA_VIRTUALHOSTS_PORT")) != _HTTPS_PORT:
        # Modoboa lists the instance's own hostnames without a port
        hostnames = [*sorted(primary_hostnames()), *hostnames]
    for attribute, make in (
        ("redirect_uris", login_uri),
        ("post_logout_redirect_uris", base_uri),
    ):
        listed = getattr(application, attribute).split()
        kept = [uri for uri in listed if urlsplit(uri).hostname not in ours]
        wanted = dict.fromkeys([*kept, *(make(hostname) for hostname in hostnames)])
        setattr(application, attribute, " ".join(wanted))


@receiver(pre_save, sender=get_application_model())
def _application_saved(instance: Any, raw: bool, **_kwargs: Any) -> None:
    """Complete the lists that ``manage.py load_initial_data`` writes from ALLOWED_HOSTS."""
    if instance.name == APPLICATION and not raw:
        _complete(instance)


@receiver(post_save, sender=VirtualHost)
def _virtual_host_saved(created: bool, raw: bool, **_kwargs: Any) -> None:
    if created and not raw:
        synchronize()


@receiver(post_delete, sender=VirtualHost)
def _virtual_host_deleted(instance: VirtualHost, **_kwargs: Any) -> None:
    synchronize(forget=instance.name)
