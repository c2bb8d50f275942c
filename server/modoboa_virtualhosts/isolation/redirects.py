# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Redirect URIs: a code goes back to the hostname that it was asked for on, to no other of ours.

The frontend is one OAuth application for all hostnames, so the toolkit would send it to any.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .. import hosts
from ..redirect_uris import APPLICATION
from . import oauth, places


def stays(hostname: str, uri: str, *, elsewhere: bool) -> bool:
    """Tell whether an address leads to the hostname that a request came in on.

    :param hostname: the request's
    :param uri: an address, which may be of another server altogether
    :param elsewhere: whether another server's will do
    """
    try:
        target = (urlsplit(uri).hostname or "").removesuffix(".")
    except ValueError:
        return False
    if not hostname:
        return False
    here, there = hosts.find(hostname), hosts.find(target)
    if here is None:
        # Hostnames of the instance itself are one and the same to it
        return there is None
    if here == there:
        return True
    return elsewhere and there is None and target not in hosts.primary_hostnames()


class Redirects:
    """Goes before the toolkit's validator."""

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept an address that the application lists, unless it is of another host of ours."""
        valid = super().validate_redirect_uri(  # type: ignore[misc]
            client_id, redirect_uri, request, *args, **kwargs
        )
        return bool(valid) and self._stays(redirect_uri, request)

    def get_default_redirect_uri(
        self, client_id: str, request: Any, *args: Any, **kwargs: Any
    ) -> str | None:
        """Return the only address of an application, unless it is of another host of ours."""
        uri = super().get_default_redirect_uri(  # type: ignore[misc]
            client_id, request, *args, **kwargs
        )
        return uri if uri and self._stays(uri, request) else None

    def _stays(self, uri: str, request: Any) -> bool:
        elsewhere = request.client.name != APPLICATION
        return stays(oauth.hostname(request), uri, elsewhere=elsewhere)


def install() -> None:
    """Go before the toolkit's validator."""
    places.extend_validator(Redirects)
