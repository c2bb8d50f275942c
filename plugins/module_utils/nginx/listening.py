# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where server blocks listen, as far as that decides which of them is the default server."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

# A number sign within a word starts no comment
_COMMENT = re.compile(r"(?<![^\s;{}])#.*")
_LISTEN = re.compile(r"(?<![^\s;{}])listen\s+([^;{}]+);")
_PORT = re.compile(r"(?:(?P<address>.*):)?(?P<first>[0-9]+)(?:-(?P<last>[0-9]+))?")
_ALL_OF_IPV4 = ("", "*", "0.0.0.0")  # noqa: S104 # compared with, not listened on


@dataclass(frozen=True)
class Socket:
    """What a socket listens on. nginx has one default server, and one set of options, for each."""

    address: str
    port: int
    quic: bool

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}"


def without_comments(configuration: str) -> str:
    """A configuration file without its comments."""
    return _COMMENT.sub("", configuration)


def sockets(configuration: str) -> Iterator[Socket]:
    """The sockets that a configuration listens on.

    :param configuration: the content of a file, which may be a part of a server block
    """
    for where, options in _directives(configuration):
        yield from _sockets(where, "quic" in options)


def claimed_sockets(configuration: str) -> Iterator[Socket]:
    """The sockets whose default server, or whose options, a configuration claims for itself.

    :param configuration: the content of a file, which may be a part of a server block
    """
    for where, options in _directives(configuration):
        quic = "quic" in options
        claims = {"default_server", "default"}
        if quic:
            # Two that share a socket's port among the workers exclude each other, too
            claims.add("reuseport")
        if claims.intersection(options):
            yield from _sockets(where, quic)


def without_sockets(configuration: str, where: Collection[str]) -> str:
    """A configuration that does not listen on some sockets.

    :param configuration: a part of a server block
    :param where: addresses and ports, in the words of a socket
    """

    def keep(match: re.Match[str]) -> str:
        (directive,) = _directives(match.group())
        return (
            ""
            if {str(socket) for socket in _sockets(directive[0], False)} & set(where)
            else match.group()
        )

    return _LISTEN.sub(keep, configuration)


def _directives(configuration: str) -> Iterator[tuple[str, list[str]]]:
    for match in _LISTEN.finditer(without_comments(configuration)):
        where, *options = match.group(1).split()
        yield where.strip("\"'"), options


def _sockets(where: str, quic: bool) -> Iterator[Socket]:
    if where.startswith("unix:"):
        return
    port = _PORT.fullmatch(where)
    if port is None or (where.startswith("[") and where.endswith("]")):
        # Without a port it is 80
        yield Socket(address_of(where), 80, quic)
        return
    first, last = int(port["first"]), int(port["last"] or port["first"])
    for number in range(first, min(last, 65535) + 1):
        yield Socket(address_of(port["address"] or ""), number, quic)


def address_of(text: str) -> str:
    """One spelling of an address; a hostname stays what it is."""
    if text in _ALL_OF_IPV4:
        return "*"
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return text.lower()
