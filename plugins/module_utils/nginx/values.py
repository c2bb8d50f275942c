# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that get into a server block: data, never syntax.

Each check accepts a value as it is or raises. They run on the controller before anything is
rendered, and on the host before anything is written.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import (
    HostnameError,
    check_hostname,
)

_SYNTAX = re.compile(r"""[\s"'`;{}$\\#]""")
_SIZE = re.compile(r"[0-9]{1,9}[kKmMgG]?", re.ASCII)
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
# What a socket's address has room for (sun_path), less the end
_LONGEST_SOCKET = 107


class ValueRefusedError(ValueError):
    """A value that must not get into a server block; the text names the option and the reason."""


def check_plain(option: str, value: str) -> None:
    """Refuse what could end a directive or a quoted string, or expand to something else.

    :param option: the option the value was given with, for the message
    :raises ValueRefusedError: there is white space, a control character or a character of nginx's syntax
    """
    if not value:
        raise ValueRefusedError(f"{option} is empty")
    found = _SYNTAX.search(value)
    if found is None and not value.isprintable():
        found = next(re.finditer(r"[^\x20-\x7e]", value))
    if found is not None:
        raise ValueRefusedError(
            f"{option} {value!r} contains {found.group()!r}, which means something to nginx;"
            " use a value without white space, control characters, quotes, backslashes"
            " and any of ; { } $ #"
        )


def check_directory(option: str, value: str) -> None:
    """Accept the absolute path of a directory other than the root.

    :raises ValueRefusedError: it is anything else
    """
    check_plain(option, value)
    if not value.startswith("/"):
        raise ValueRefusedError(f"{option} {value!r} is not an absolute path")
    if not value.strip("/."):
        raise ValueRefusedError(f"{option} {value!r} is the root of the file system")


def check_application(option: str, value: str) -> None:
    """Accept C(unix:/path/to/socket), C(IPv4 address:port) or C([IPv6 address]:port).

    Of names, localhost alone: nginx does not start while it cannot look up another.

    :raises ValueRefusedError: it is anything else
    """
    check_plain(option, value)
    if value.startswith("unix:"):
        path = value[len("unix:") :]
        if len(path.encode("utf-8")) > _LONGEST_SOCKET:
            raise ValueRefusedError(
                f"{option} {value!r} is too long for a socket; {_LONGEST_SOCKET} bytes are allowed"
            )
        # nginx takes a colon for the end of the socket's path
        if path.startswith("/") and ":" not in path and path.strip("/."):
            return
    else:
        host, colon, port = value.rpartition(":")
        if colon and _is_port(port):
            if host == "localhost" or _is_ipv4(host) or _is_ipv6(host):
                return
            raise ValueRefusedError(
                f"{option} {value!r} has no address before the port; write one, since nginx does not"
                " start while it cannot look up a name"
            )
    raise ValueRefusedError(
        f"{option} {value!r} is not where an application can listen;"
        " write unix:/path/to/socket, 127.0.0.1:8000 or [::1]:8000"
    )


def check_listen_address(option: str, value: str) -> None:
    """Accept C(*), an IPv4 address, or an IPv6 address in brackets.

    :raises ValueRefusedError: it is anything else
    """
    if value != "*" and not _is_ipv4(value) and not _is_ipv6(value):
        raise ValueRefusedError(
            f"{option} {value!r} is no address; write *, an IPv4 address such as 192.0.2.1,"
            " or an IPv6 address in brackets such as [::]"
        )


def check_listen_addresses(option: str, values: Sequence[str]) -> None:
    """Accept addresses to listen on, each in one spelling.

    :raises ValueRefusedError: there is none, or nginx would take two of them for the same
    """
    if not values:
        raise ValueRefusedError(f"{option} is empty; name at least one address")
    spellings: dict[str, str] = {}
    for value in values:
        check_listen_address(option, value)
        address = "0.0.0.0" if value == "*" else value.strip("[]")  # noqa: S104 # to compare
        other = spellings.setdefault(str(ipaddress.ip_address(address)), value)
        if other != value:
            raise ValueRefusedError(f"{option} {other!r} and {value!r} are the same; leave out one")


def check_port(option: str, value: int) -> None:
    """Accept 1 to 65535.

    :raises ValueRefusedError: it is anything else
    """
    if not _is_port(str(value)):
        raise ValueRefusedError(f"{option} {value} is no port; ports are 1 to 65535")


def check_log(option: str, value: str) -> None:
    """Accept the absolute path of a file.

    :raises ValueRefusedError: it is anything else
    """
    check_directory(option, value)
    if value.endswith(("/", "/.", "/..")):
        raise ValueRefusedError(f"{option} {value!r} is a directory; name a file")


def check_access_log(option: str, value: str) -> None:
    """Accept the absolute path of a file, or C(off).

    :raises ValueRefusedError: it is anything else
    """
    if value == "False":
        raise ValueRefusedError(f'{option} is what YAML makes of off; write "off", in quotes')
    if value != "off":
        check_log(option, value)


def check_max_age(option: str, value: int) -> None:
    """Accept seconds, or -1 for none.

    :raises ValueRefusedError: it is anything else
    """
    if not -1 <= value < 2**31:
        raise ValueRefusedError(
            f"{option} {value} is no number of seconds; 0 takes it back, and -1 says nothing"
        )


def check_host_and_port(option: str, value: str) -> None:
    """Accept a hostname, or C(hostname:port).

    :raises ValueRefusedError: it is anything else
    """
    name, colon, port = value.partition(":")
    try:
        check_hostname(name)
    except HostnameError as error:
        raise ValueRefusedError(f"{option}: {error}") from error
    if colon and not _is_port(port):
        raise ValueRefusedError(f"{option} {value!r} has no port after the colon")


def check_peer(option: str, value: str) -> None:
    """Accept an address of another host, an IPv4 address or an IPv6 address in brackets, or one with a port.

    :raises ValueRefusedError: it is anything else
    """
    if _is_ipv4(value) or _is_ipv6(value):
        return
    host, colon, port = value.rpartition(":")
    if colon and _is_port(port) and (_is_ipv4(host) or _is_ipv6(host)):
        return
    raise ValueRefusedError(
        f"{option} {value!r} is no address; write 192.0.2.1, [2001:db8::1] or 192.0.2.1:80, since nginx does"
        " not start while it cannot look up a name"
    )


def check_size(option: str, value: str) -> None:
    """Accept a size in nginx's way: digits, then nothing, k, m or g.

    :raises ValueRefusedError: it is anything else
    """
    if not _SIZE.fullmatch(value):
        raise ValueRefusedError(f"{option} {value!r} is no size; write it as 512k, 20m or 1g")


def check_thumbprint(option: str, value: str) -> None:
    """Accept the thumbprint of an account key (RFC 7638 with SHA-256, base64url).

    :raises ValueRefusedError: it is anything else
    """
    if not _THUMBPRINT.fullmatch(value):
        raise ValueRefusedError(
            f"{option} {value!r} is no thumbprint of an account key: 43 letters, digits, - and _;"
            " take it from the result account.thumbprint of acme_cert"
        )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    if not (text.startswith("[") and text.endswith("]")) or "%" in text:
        return False
    try:
        ipaddress.IPv6Address(text[1:-1])
    except ValueError:
        return False
    return True
