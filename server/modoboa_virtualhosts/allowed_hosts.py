# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""ALLOWED_HOSTS follows the database, without a restart."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import DatabaseError

from . import hosts


class HostnamesInDatabase(str):
    """An entry of ALLOWED_HOSTS that equals the name of every virtual host.

    Django compares the request's host with each entry. One entry that looks the name up costs the
    same with ten thousand virtual hosts as with one. As a plain string it reads as the instance's
    own hostname, so that code which makes addresses from ALLOWED_HOSTS makes nothing wrong.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return NotImplemented
        try:
            return hosts.find(str(other)) is not None
        except DatabaseError:
            return False  # not migrated yet

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def lower(self) -> HostnamesInDatabase:
        """Return itself: Django compares with the lowercase of an entry."""
        return self


def install() -> None:
    """Add the virtual hosts to what the instance's settings allow."""
    allowed: list[Any] = list(settings.ALLOWED_HOSTS)
    if any(isinstance(entry, HostnamesInDatabase) for entry in allowed):
        return
    if settings.DEBUG and not allowed:
        # What Django itself would allow as long as the list is empty
        allowed = [".localhost", "127.0.0.1", "[::1]"]
    settings.ALLOWED_HOSTS = [*allowed, HostnamesInDatabase(next(iter(allowed), "localhost"))]
