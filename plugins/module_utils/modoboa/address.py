# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a server, as people write it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.errors import (
    ServerUnreachableError,
)

_API = "/api/v2"


def base_url(url: str) -> str:
    """The server's root, ending in a slash.

    :param url: with or without the path of the API
    :raises ServerUnreachableError: the text is no usable address
    """
    if "@" in url:  # before it is shown by any other message
        raise ServerUnreachableError("the URL contains credentials; give a token instead")
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets, or a port, that make no sense
        usable = False
    if not usable:
        raise ServerUnreachableError(
            f"the URL {url!r} is no web address; write it as https://mail.example.org"
        )
    path = parts.path.rstrip("/")
    if path.endswith(_API):
        path = path[: -len(_API)]
    return f"{parts.scheme}://{parts.netloc}{path}/"


def is_readable_on_the_way(url: str) -> bool:
    """Whether what is sent there crosses a network without TLS.

    :param url: an address as :func:`base_url` returns it
    """
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_this_machine(parts.hostname or "")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False
