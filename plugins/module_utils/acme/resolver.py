# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a name has: as this host sees it, or as a given name server does."""

from __future__ import annotations

import ipaddress
import re
import socket
from contextlib import suppress
from typing import Protocol

from .errors import AcmeError

with suppress(ImportError):  # libraries.py says what is missing
    import dns.exception
    import dns.message
    import dns.query
    import dns.rcode

# What a name server is asked with, as import name for libraries.py
LIBRARY = "dns"
_PORT = 53
_ATTEMPTS = 3
_ATTEMPT_SECONDS = 3.0
_NO_RECORDS = (socket.EAI_NONAME, socket.EAI_NODATA)
_WITH_PORT = re.compile(r"(?:\[(?P<bracketed>[^]]*)\]|(?P<plain>[^:]*))(?::(?P<port>[0-9]{1,5}))?")


class ResolverError(Exception):
    """Whether a name has addresses cannot be found out; the text says why."""


class _RefusedError(ResolverError):
    """There was an answer, without any use."""


class Resolver(Protocol):
    """Somebody to ask for addresses."""

    @property
    def title(self) -> str:
        """Who it is, as the subject of a sentence."""

    def addresses(self, name: str) -> list[str]:
        """Return the addresses in a fixed order, none if there are none.

        :raises ResolverError: there was no answer, or one that cannot be used
        """


class SystemResolver:
    """What every program on this host sees, ``/etc/hosts`` included."""

    title = "this host's resolver"

    def addresses(self, name: str) -> list[str]:
        """Return the addresses in a fixed order, none if there are none.

        :raises ResolverError: no name server answered
        """
        try:
            found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno in _NO_RECORDS:
                return []
            raise ResolverError(f"{self.title} failed: {error.strerror}") from error
        except UnicodeError:
            # no name that DNS could hold
            return []
        return sorted({str(address[0]) for *_rest, address in found})


class NameServer:
    """One name server, for a host whose own view differs from the CA's."""

    def __init__(self, address: str, port: int = _PORT) -> None:
        self._address = address
        self._port = port
        self.title = f"the name server {address}"

    def addresses(self, name: str) -> list[str]:
        """Return the addresses in a fixed order, none if there are none.

        :raises ResolverError: it did not answer, or refused
        """
        found: set[str] = set()
        errors: list[_RefusedError] = []
        for kind in ("A", "AAAA"):
            try:
                found.update(self._ask(name, kind))
            except _RefusedError as error:
                errors.append(error)
        # one kind is enough for a CA, too
        if errors and not found:
            raise errors[0]
        return sorted(found)

    def _ask(self, name: str, kind: str) -> list[str]:
        try:
            query = dns.message.make_query(name, kind)
        except dns.exception.DNSException:
            # no name that DNS could hold
            return []
        try:
            response = self._send(query)
        except OSError as error:
            raise ResolverError(f"{self.title} cannot be asked: {error.strerror}") from error
        except dns.exception.Timeout as error:
            raise ResolverError(f"{self.title} does not answer") from error
        except dns.exception.DNSException as error:
            raise _RefusedError(f"{self.title} gives an answer that cannot be read") from error
        code = response.rcode()
        if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            raise _RefusedError(f"{self.title} answers {dns.rcode.to_text(code)}")
        # the records at the end of a chain of CNAMEs are in the same answer
        return [
            record.to_text()
            for records in response.answer
            if records.rdtype == query.question[0].rdtype
            for record in records
        ]

    def _send(self, query: dns.message.QueryMessage) -> dns.message.Message:
        for _attempt in range(_ATTEMPTS - 1):
            # a datagram may get lost
            with suppress(dns.exception.Timeout):
                return self._send_once(query)
        return self._send_once(query)

    def _send_once(self, query: dns.message.QueryMessage) -> dns.message.Message:
        response, _used_tcp = dns.query.udp_with_fallback(
            query, self._address, timeout=_ATTEMPT_SECONDS, port=self._port
        )
        return response


def resolver_from(option: str | None) -> Resolver:
    """Return the resolver that the option ``look_resolver`` describes.

    :param option: ``address``, ``address:port`` or ``[address]:port``; the host's own if not given
    :raises AcmeError: it is none of these
    """
    if not option:
        return SystemResolver()
    with suppress(ValueError):
        # an IPv6 address may stand without brackets when there is no port
        return NameServer(str(ipaddress.ip_address(option)))
    parts = _WITH_PORT.fullmatch(option)
    if parts:
        port = int(parts["port"] or _PORT)
        with suppress(ValueError):
            address = ipaddress.ip_address(parts["bracketed"] or parts["plain"])
            if 0 < port <= 0xFFFF:
                return NameServer(str(address), port)
    raise AcmeError(
        f"look_resolver is {option!r}. Give the IP address of a name server, with its port if that"
        f" is not {_PORT}: 192.0.2.53, 192.0.2.53:5353, [2001:db8::53]:5353."
    )
