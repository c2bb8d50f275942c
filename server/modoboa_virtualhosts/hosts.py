# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Which virtual host a request came in on: asked many times in every request, so answered from memory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.contrib.sites.models import Site
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.request import split_domain_port

from . import memory
from .hostname import is_hostname
from .models import VirtualHost
from .theme import overrides

# Bounds the memory that invented Host headers can take
_REMEMBER_NAMES = 20_000
# Where a request keeps its hostname. Headers cannot be called that, and copies of them keep it
_HOSTNAME = "modoboa_virtualhosts.hostname"


@dataclass(frozen=True, slots=True)
class Host:
    """What a request needs to know of the virtual host it came in on."""

    pk: int
    name: str
    enabled: bool
    theme: Mapping[str, str]


def find(hostname: str) -> Host | None:
    """Return the virtual host of that name, None when there is none.

    The instance's own hostnames are never virtual hosts, whatever the database says.

    :param hostname: lowercase, without port, as :func:`request_hostname` returns it
    :raises DatabaseError: the database does not answer
    """
    known = memory.current()
    if known is None:
        return _look_up(hostname)
    try:
        return cast("Host | None", known.hosts[hostname])
    except KeyError:
        host = _look_up(hostname)
        if host is not None:
            theme = known.themes.setdefault(frozenset(host.theme.items()), host.theme)
            known.hosts[hostname] = host = Host(host.pk, hostname, host.enabled, theme)
        elif len(known.hosts) < _REMEMBER_NAMES:
            known.hosts[hostname] = None
        return host


def find_for_request(request: HttpRequest) -> Host | None:
    """Return the virtual host that a request came in on, None for the instance's own hostnames."""
    hostname = request_hostname(request)
    return find(hostname) if hostname else None


def request_hostname(request: HttpRequest) -> str:
    """Return the hostname that a request names, lowercase, without port or trailing dot.

    Empty when the request names none that this instance serves.
    """
    try:
        return cast("str", request.META[_HOSTNAME])
    except KeyError:
        pass
    try:
        hostname = split_domain_port(request.get_host())[0]
    except DisallowedHost:
        hostname = ""
    request.META[_HOSTNAME] = hostname
    return hostname


def primary_hostnames() -> frozenset[str]:
    """Return the instance's own hostnames: those its settings.py allows by name, and its site."""
    # The entry that stands for the database (allowed_hosts.py) is a string of a type of its own
    names = {host.lower() for host in settings.ALLOWED_HOSTS if host.__class__ is str}
    names.discard("*")
    # Before the first migration there is no site: the names in the settings will do
    with suppress(DatabaseError, Site.DoesNotExist):
        names.add(split_domain_port(Site.objects.get_current().domain)[0])
    return frozenset(name for name in names if name and not name.startswith("."))


def _look_up(hostname: str) -> Host | None:
    if not is_hostname(hostname) or hostname in primary_hostnames():
        return None
    virtual_host = VirtualHost.objects.filter(name=hostname).first()
    if virtual_host is None:
        return None
    return Host(
        pk=virtual_host.pk,
        name=virtual_host.name,
        enabled=virtual_host.enabled,
        theme=overrides(virtual_host),
    )
