# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that mean something only here: of this host, and of the networks that it is in."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# RFC 6052: a gateway speaks to the IPv4 address in the last four bytes
_TRANSLATED = IPv6Network("64:ff9b::/96")


def leads_inwards(address: str) -> bool:
    """Say whether an IP address is none of the Internet: loopback, link-local, private and the like.

    :param address: with a scope or without; what is none is taken for one of these
    """
    try:
        found = ip_address(address)
    except ValueError:
        return True
    return any(not each.is_global or each.is_multicast for each in (found, *_within(found)))


def _within(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return []
    found = [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    if int(address) >> 32 == int(_TRANSLATED.network_address) >> 32:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return found
