# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostname tricks, through nginx and straight to gunicorn: requests that no library would send.

Each is made by somebody of one portal and by somebody of the other. What counts is who is let in:
the answer 200 is for those at home on the host that the request is about, 401 for strangers there.
Everything else never gets as far as a guard.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from integration.isolation.client import Portals, read
from integration.isolation.guarded_bed import GuardedBed
from integration.isolation.roles import DISABLED, PRIMARY, A, B

ME = "/api/v2/account/me/"
ASH, BIRCH = "user@ash.test", "user@birch.test"
# Cyrillic a, as bytes and as an A-label; a full stop of another script
LOOK_ALIKES = (
    "m\u0430il.ash.test".encode(),
    "m\u0430il.ash.test".encode("idna"),
    "mail\u3002ash.test".encode(),
    "ma\u0131l.ash.test".encode(),
)

Send = Callable[[str, bytes], int]


@pytest.fixture(scope="module")
def tokens(guarded_bed: GuardedBed) -> dict[str, str]:
    """An access token of each."""
    host = Portals(guarded_bed).authority(PRIMARY)
    made = guarded_bed.modoboa.inside("credentials", [ASH, BIRCH], [host])
    return {username: made[username][host]["access_token"] for username in made}


@pytest.fixture(params=["nginx", "gunicorn"])
def send(request: pytest.FixtureRequest, guarded_bed: GuardedBed, tokens: dict[str, str]) -> Send:
    """Send the lines of a request, to A's certificate when through nginx; return the status.

    gunicorn gets what a web server would send that passes on whatever the client wrote.
    """
    portals = Portals(guarded_bed)

    def connect() -> socket.socket:
        if request.param == "nginx":
            return portals.socket(A)
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(guarded_bed.layout.application_socket))
        return connection

    def ask(username: str, lines: bytes) -> int:
        bearer = f"Authorization: Bearer {tokens[username]}\r\n".encode()
        proto = b"X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
        with connect() as connection:
            connection.sendall(lines + bearer + proto)
            connection.settimeout(60)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        return read(received)[0]

    return ask


def host(name: str | bytes, *more: str) -> bytes:
    """A request with this Host, and other headers."""
    value = name.encode() if isinstance(name, str) else name
    lines = [f"GET {ME} HTTP/1.1".encode(), b"Host: " + value, *(line.encode() for line in more)]
    return b"\r\n".join(lines) + b"\r\n"


def absolute(target: str, name: str) -> bytes:
    """A request that names a host in its request line, and another in its header."""
    return f"GET https://{target}{ME} HTTP/1.1\r\nHost: {name}\r\n".encode()


def both(send: Send, lines: bytes) -> tuple[int, int]:
    """What ash's user and birch's user get."""
    return send(ASH, lines), send(BIRCH, lines)


@pytest.mark.parametrize(
    "write",
    [str, str.upper, str.title, "{}.".format, "{}:8443".format, "{}:443".format, "{}.:8443".format],
)
def test_ways_to_write_a_name(send: Send, write: Any) -> None:
    assert both(send, host(write(A))) == (200, 401)
    assert both(send, host(write(B))) == (401, 200)
    assert both(send, host(write(DISABLED))) == (401, 401)


@pytest.mark.parametrize(
    "header",
    [
        f"X-Forwarded-Host: {B}",
        f"X-Forwarded-Host: {PRIMARY}",
        f"X-Host: {PRIMARY}",
        f"Forwarded: host={PRIMARY}",
        f"X-Forwarded-Server: {PRIMARY}",
        f"X-Original-Host: {PRIMARY}",
        f"X-Rewrite-URL: https://{PRIMARY}{ME}",
        f"X_Forwarded_Host: {PRIMARY}",
        f"HTTP_HOST: {PRIMARY}",
        f"Host : {PRIMARY}",
        f" Host: {PRIMARY}",
    ],
)
def test_other_headers_decide_nothing(send: Send, header: str) -> None:
    answers = both(send, host(A, header))
    assert answers[0] in (200, 400)
    assert answers[1] in (400, 401)


@pytest.mark.parametrize("names", [(A, B), (B, A), (A, PRIMARY), (PRIMARY, A)])
def test_two_hosts(send: Send, names: tuple[str, str]) -> None:
    assert both(send, host(names[0], f"Host: {names[1]}")) == (400, 400)


@pytest.mark.parametrize("names", [f"{A}, {B}", f"{A},{PRIMARY}", f"{PRIMARY} {A}", f"{A};{B}"])
def test_two_names_in_one_header(send: Send, names: str) -> None:
    assert not {200, 401} & set(both(send, host(names)))


@pytest.mark.parametrize(("target", "name"), [(A, B), (B, A), (A, PRIMARY)])
def test_absolute_request_line(send: Send, target: str, name: str, request: Any) -> None:
    """nginx goes by the request line and tells Modoboa so; gunicorn goes by the header."""
    goes_by = target if "nginx" in request.node.name else name
    expected = {A: (200, 401), B: (401, 200), PRIMARY: (200, 200)}
    assert both(send, absolute(target, name)) == expected[goes_by]


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_look_alikes(send: Send, name: bytes) -> None:
    assert not {200, 401} & set(both(send, host(name)))


@pytest.mark.parametrize(
    "name",
    [
        *("", "127.0.0.1", "127.0.0.1:443", "[::1]", "0x7f000001", "2130706433"),
        *(f"{A}@{PRIMARY}", f"{PRIMARY}@{A}", f"{A}:{PRIMARY}", f"{A}/", f"{A}#", f"{A}?{PRIMARY}"),
        *(f"{A}..", f".{A}", f"x.{A}", f"{A}%00", f"{A}\x00", f"{A}\t", f"https://{PRIMARY}"),
        *("unknown.test", "*", "ash.test", f"{A}.{PRIMARY}", f"{PRIMARY}.{A}"),
    ],
)
def test_what_is_no_host_of_ours(send: Send, name: str) -> None:
    answers = both(send, host(name))
    # nginx does not look at the port, and a tab is no part of the name
    if name.partition(":")[0].strip() == A and 200 in answers:
        assert answers == (200, 401)
    else:
        assert not {200, 401} & set(answers)


@pytest.mark.parametrize("line", [f"GET {ME} HTTP/1.0\r\n", f"GET {ME} HTTP/1.1\r\n"])
def test_no_host_at_all(send: Send, line: str) -> None:
    assert not {200, 401} & set(both(send, line.encode()))
