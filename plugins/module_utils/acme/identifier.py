# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a certificate can be for: host names, wildcards, IP addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from contextlib import suppress

from ..hostname import HostnameError, check_hostname
from .errors import AcmeError

with suppress(ImportError):  # requests brings it
    import idna

_WILDCARD = "*."


def normalized(name: str) -> str:
    """Return a name the way certificates have it, after checking it.

    Host names with letters outside ASCII become A-labels (RFC 5891), IP addresses get their
    shortest form (RFC 5952).

    :param name: a host name, a wildcard such as ``*.example.org``, or an IP address
    :raises AcmeError: it is none of these
    """
    address = _address(name)
    if address is not None:
        return str(address)
    prefix = _WILDCARD if name.startswith(_WILDCARD) else ""
    host = name[len(prefix) :]
    try:
        if not host.isascii() and host == host.lower():
            host = idna.encode(host).decode("ascii")
        check_hostname(host)
    except HostnameError as error:
        raise AcmeError(f"{error}.") from error
    except idna.IDNAError as error:
        raise AcmeError(f"hostname {name!r} is not an internationalized name: {error}.") from error
    return prefix + host


def is_wildcard(name: str) -> bool:
    """Say whether a normalized name is a wildcard, which only DNS-01 can prove."""
    return name.startswith(_WILDCARD)


def wildcard_of(name: str) -> str:
    """Return the wildcard that serves a normalized name: it serves one label."""
    return f"{_WILDCARD}{name.partition('.')[2]}"


def unserved(names: Iterable[str], there: Collection[str]) -> list[str]:
    """Return which of some normalized names a certificate does not serve, sorted.

    :param there: the names in the certificate
    """
    return sorted(name for name in names if name not in there and wildcard_of(name) not in there)


def is_address(name: str) -> bool:
    """Say whether a normalized name is an IP address."""
    return _address(name) is not None


def acme_identifier(name: str) -> dict[str, str]:
    """Return a normalized name as an order has it (RFC 8555 section 7.1.3, RFC 8738 section 3)."""
    return {"type": "ip" if is_address(name) else "dns", "value": name}


def folder_name(name: str) -> str:
    """Return the folder of a certificate with this main name: ``*`` is no good in paths."""
    return f"_.{name[len(_WILDCARD) :]}" if is_wildcard(name) else name


def name_of(folder: str) -> str:
    """Return the main name of the certificate in a folder."""
    return f"{_WILDCARD}{folder[2:]}" if folder.startswith("_.") else folder


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    # a scope, as in fe80::1%eth0, means something on one host only
    if "%" in name:
        return None
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
