# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The redirect URIs of Modoboa's frontend follow the virtual hosts.

The frontend is one OAuth application for all hostnames. A browser is sent back only to addresses
that this application lists, so every virtual host has its two there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver
from django.utils import timezone
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


# The lists, and what a hostname has in each
_LISTS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("redirect_uris", login_uri),
    ("post_logout_redirect_uris", base_uri),
)


def synchronize() -> None:
    """Bring the application's lists up to date."""
    _change(_complete)


def forget(hostname: str) -> None:
    """Take the addresses of a virtual host that is gone off the application's lists.

    That asks for no other virtual host: they are deleted one by one, and each would cost as much as
    there are.

    :param hostname: its name
    """

    def remove(application: Any) -> None:
        for name, _make in _LISTS:
            listed = getattr(application, name).split()
            kept = [uri for uri in listed if not _is_of(uri, hostname)]
            setattr(application, name, " ".join(kept))

    _change(remove)


def _change(change: Callable[[Any], None]) -> None:
    with transaction.atomic():
        # Locked, as two virtual hosts may be created at the same time
        applications = get_application_model().objects.select_for_update()
        application = applications.filter(name=APPLICATION).first()
        if application is None:
            return  # `manage.py load_initial_data` makes it, and _application_saved completes it
        before = {name: getattr(application, name) for name, _make in _LISTS}
        change(application)
        after = {name: getattr(application, name) for name, _make in _LISTS}
        if before != after:
            # Not saved, which would complete the lists once more
            applications.filter(pk=application.pk).update(**after, updated=timezone.now())


def _complete(application: Any) -> None:
    hostnames = list(VirtualHost.objects.order_by("name").values_list("name", flat=True))
    # Whatever is listed for a virtual host is ours, so that a change of port leaves nothing behind
    ours = set(hostnames)
    if int(settings.get("MODOBOA_VIRTUALHOSTS_PORT")) != _HTTPS_PORT:
        # Modoboa lists the instance's own hostnames without a port
        hostnames = [*sorted(primary_hostnames()), *hostnames]
    for name, make in _LISTS:
        wanted = dict.fromkeys(make(hostname) for hostname in hostnames)
        listed = getattr(application, name).split()
        # The first question spares the second, which takes long, for nearly all of them
        kept = [uri for uri in listed if uri not in wanted and urlsplit(uri).hostname not in ours]
        setattr(application, name, " ".join(dict.fromkeys([*kept, *wanted])))


def _is_of(uri: str, hostname: str) -> bool:
    return hostname in uri.lower() and urlsplit(uri).hostname == hostname


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
    forget(instance.name)
