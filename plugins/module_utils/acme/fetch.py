# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a page as CAs do when they look at an HTTP-01 challenge (RFC 8555 section 8.3).

From an address of the caller's choice, through no proxy, following redirects, and without checking
TLS certificates: the one that is there may be what is to be replaced.

Whoever a name belongs to decides where redirects lead, and this is root's request from within: no
redirect is followed inwards, unless the name is there itself, and there is an end to the time.
"""

from __future__ import annotations

import errno
import io
import socket
import ssl
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from itertools import zip_longest
from typing import cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from .errors import stable_text
from .identifier import is_address
from .inwards import leads_inwards
from .resolver import Resolver, ResolverError
from .waiting import Deadline

_USER_AGENT = "ansible-collection-mailhost.modoboa (acme_cert, looking before a CA does)"
# Seconds for one request, from the connection to the body
_TIMEOUT = 10.0
_MOST_REDIRECTS = 10
_MOST_ADDRESSES = 8
_REDIRECTS = (301, 302, 303, 307, 308)
# More than a key authorization has
_MOST_BYTES = 512
_URL_CHARACTERS = "/%:?[]@!$&'()*+,;=~-._"
_HTTP, _HTTPS = 80, 443
_NO_ROUTE = (errno.ENETUNREACH, errno.ENETDOWN, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


@dataclass(frozen=True)
class Page:
    """What came back in the end.

    :ivar url: where it came from, after redirects
    :ivar body: the start of it
    """

    url: str
    status: int
    body: bytes


class FetchError(Exception):
    """No page came back; the text says why.

    :ivar code: the ACME error that a CA would answer with
    :ivar no_route: this host has no way to addresses of that kind
    :ivar open: nobody has looked to the end, so it may be fine
    """

    def __init__(
        self, text: str, code: str = "connection", *, no_route: bool = False, open_: bool = False
    ) -> None:
        super().__init__(text)
        self.code = code
        self.no_route = no_route
        self.open = open_


class Fetcher:
    """Reads pages of hosts whose addresses are known already."""

    def __init__(self, resolver: Resolver, port: int = _HTTP) -> None:
        """Use a resolver for the hosts that redirects lead to.

        :param port: where the first request goes, and redirects may lead to
        """
        self._resolver = resolver
        self._port = port

    def fetch(self, name: str, address: str, path: str, deadline: Deadline) -> Page:
        """Read a page over HTTP.

        :param name: host name or IP address, as in the URL
        :param address: where to connect to for this name
        :param deadline: for all redirects together
        :raises FetchError: there is none
        """
        host = f"[{name}]" if ":" in name else name
        url = f"http://{host}{'' if self._port == _HTTP else f':{self._port}'}{path}"
        for _redirect in range(_MOST_REDIRECTS + 1):
            target = self._target(url)
            if target.hostname == name:
                addresses = [address]
            else:
                addresses = self._addresses(target, deadline, inwards=leads_inwards(address))
            page, location = _first(target, addresses, deadline)
            if location is None:
                return page
            url = urljoin(url, location)
        raise FetchError(f"it redirects more than {_MOST_REDIRECTS} times", "unauthorized")

    def _target(self, url: str) -> SplitResult:
        """Split a URL that a CA would follow."""
        try:
            target = urlsplit(url)
            port = _port(target)
        except ValueError as error:
            raise FetchError("it redirects to something that is no URL", "unauthorized") from error
        if target.scheme not in ("http", "https") or not target.hostname:
            raise FetchError(f"it redirects to {url}, which CAs do not follow", "unauthorized")
        if port not in (_HTTP, _HTTPS, self._port):
            raise FetchError(
                f"it redirects to {url}; CAs follow to ports {_HTTP} and {_HTTPS} only",
                "unauthorized",
            )
        return target

    def _addresses(self, target: SplitResult, deadline: Deadline, *, inwards: bool) -> list[str]:
        """Return where to go with a redirect.

        :param inwards: whether addresses of these networks are allowed
        """
        host = str(target.hostname)
        _insist_on_time(deadline)
        try:
            addresses = [host] if is_address(host) else self._resolver.addresses(host)
        except ResolverError as error:
            raise FetchError(f"it redirects to {host}: {error}", "dns") from error
        if not addresses:
            raise FetchError(f"it redirects to {host}, which has no address", "dns")
        allowed = [each for each in addresses if inwards or not leads_inwards(each)]
        if not allowed:
            # seen from outside, the name may be somewhere else
            raise FetchError(f"it redirects to {host}, which is inside this network", open_=True)
        return some_of(allowed)


def some_of(addresses: Sequence[str]) -> list[str]:
    """Return as many addresses of a name as are worth asking, of both kinds if there are both."""
    kinds = [[each for each in addresses if (":" in each) is six] for six in (False, True)]
    mixed = [each for both in zip_longest(*kinds) for each in both if each is not None]
    chosen = mixed[:_MOST_ADDRESSES]
    return [each for each in addresses if each in chosen]


def _insist_on_time(deadline: Deadline) -> None:
    if deadline.remaining() <= 0:
        raise FetchError("there is no time left to look at it", open_=True)


def _first(
    target: SplitResult, addresses: Sequence[str], deadline: Deadline
) -> tuple[Page, str | None]:
    """Ask the first address that answers; return the page, and where it redirects to."""
    errors = []
    for address in addresses:
        try:
            return _ask(target, address, deadline)
        except FetchError as error:
            errors.append(error)
    # one that was not asked may be fine, and a missing route says least
    raise min(errors, key=lambda error: (not error.open, error.no_route))


def _ask(target: SplitResult, address: str, patience: Deadline) -> tuple[Page, str | None]:
    _insist_on_time(patience)
    left = patience.remaining()
    deadline = Deadline(min(_TIMEOUT, left))
    where = f"{target.scheme}://{target.netloc}"
    try:
        with socket.create_connection((address, _port(target)), min(_TIMEOUT, left)) as plain:
            _hurry(plain, deadline)
            secured = _secured(plain, target) if target.scheme == "https" else plain
            with closing(secured), closing(_request(target, _Stream(secured, deadline))) as answer:
                location = answer.getheader("Location") if answer.status in _REDIRECTS else None
                body = b"" if location else answer.read(_MOST_BYTES)
    except socket.timeout as error:
        text = f"{where} does not answer within {_TIMEOUT:g} seconds"
        raise FetchError(text, open_=left < _TIMEOUT) from error
    except ssl.SSLError as error:
        reason = stable_text(error.strerror or str(error))
        raise FetchError(f"{where} cannot be spoken to with TLS: {reason}", "tls") from error
    except OSError as error:
        text = f"{where} cannot be reached: {error.strerror or error}"
        raise FetchError(text, no_route=error.errno in _NO_ROUTE) from error
    except (HTTPException, ValueError) as error:
        raise FetchError(f"{where} does not answer with HTTP") from error
    return Page(target.geturl(), answer.status, body), location


def _secured(plain: socket.socket, target: SplitResult) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=target.hostname)


def _request(target: SplitResult, stream: _Stream) -> HTTPResponse:
    kind = HTTPSConnection if target.scheme == "https" else HTTPConnection
    connection = kind(str(target.hostname), _port(target))
    # connected already, and to an address that is not what the name stands for here
    connection.sock = cast(socket.socket, stream)
    path = f"{target.path or '/'}{f'?{target.query}' if target.query else ''}"
    headers = {"User-Agent": _USER_AGENT, "Accept": "*/*", "Connection": "close"}
    connection.request("GET", quote(path, _URL_CHARACTERS), headers=headers)
    return connection.getresponse()


def _port(target: SplitResult) -> int:
    return target.port or (_HTTPS if target.scheme == "https" else _HTTP)


class _Stream(io.RawIOBase):
    """A socket that is given up at a deadline, not only when it is silent for long.

    It has what :mod:`http.client` uses of a socket. Whoever opened the socket closes it.
    """

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._socket = connected
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        _hurry(self._socket, self._deadline)
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        _hurry(self._socket, self._deadline)
        return self._socket.recv_into(buffer)

    def close(self) -> None:
        # called for the request, and for the answer when it has been read
        pass


def _hurry(connected: socket.socket, deadline: Deadline) -> None:
    """Have the next call of a socket end in time.

    :raises socket.timeout: it is over
    """
    left = deadline.remaining()
    if left <= 0:
        raise socket.timeout
    connected.settimeout(left)
