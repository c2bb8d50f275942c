# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong on the way, over real sockets: what is sent again, and what is said."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import (
    Client,
    Credentials,
)
from unit.plugins.module_utils.modoboa.script import TOKEN
from unit.plugins.module_utils.modoboa.wire import Wire, http

GOOD = http(b'{"done": true}')
ATTEMPTS = 4

NOTHING = b""
NO_HTTP = b"SSH-2.0-OpenSSH_9.2\r\n"
CUT_SHORT = http(b'{"results": [', "200 OK", "Content-Length: 100")
CHUNK_MISSING = http(b'c\r\n{"results": \r\n', "200 OK", "Transfer-Encoding: chunked")
BROKEN_JSON = http(b'{"results": [')
LOGIN = http(b"", "302 Found", "Location: /accounts/login/?next=/api/v2/", kind="text/html")
LOGIN_PAGE = http(
    b"<html><title>Sign in</title><body>planted</body>", kind="text/html; charset=utf-8"
)
PICTURE = http(b"\x89PNG\r\n", kind="image/png")
NO_GZIP = http(b"no gzip", "200 OK", "Content-Encoding: gzip")
THROTTLED = http(b'{"detail": "Throttled."}', "429 Too Many Requests", "Retry-After: 1")
UNAVAILABLE = http(b"<title>503</title>", "503 Unavailable", kind="text/html")
FAILED = http(b"<title>Server Error (500)</title>", "500 Internal Server Error", kind="text/html")


def client_of(wire: Wire, pauses: list[float], timeout: float = 5.0) -> Client:
    return Client(wire.url, Credentials("Token", TOKEN), timeout=timeout, sleep=pauses.append)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (NOTHING, errors.ServerUnreachableError, "cannot reach the server"),
        (NO_HTTP, errors.ServerUnreachableError, "cannot reach the server"),
        (CUT_SHORT, errors.ServerUnavailableError, "the answer broke off"),
        (CHUNK_MISSING, errors.ServerUnavailableError, "the answer broke off"),
        (UNAVAILABLE, errors.ServerUnavailableError, "not available at the moment"),
    ],
)
def test_what_may_pass(fault: bytes, kind: type[errors.ModoboaError], words: str) -> None:
    pauses: list[float] = []
    with Wire(fault, GOOD) as wire:
        assert client_of(wire, pauses).get("x/") == {"done": True}
    with Wire(*[fault] * ATTEMPTS) as wire, pytest.raises(kind, match=words) as caught:
        client_of(wire, pauses).get("x/")
    assert len(wire.requests) == ATTEMPTS
    assert pauses == [0.25, 0.25, 0.5, 1]
    check(caught.value, "GET")
    # What may have been done already is not done again
    with Wire(fault, GOOD) as wire, pytest.raises(kind, match=words) as caught:
        client_of(wire, pauses).send("POST", "x/", json={})
    assert len(wire.requests) == 1
    check(caught.value, "POST")


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (BROKEN_JSON, errors.UnexpectedAnswerError, "damaged or cut short"),
        (LOGIN, errors.RedirectedError, "redirected to /accounts/login/ (302); that is a login"),
        (LOGIN_PAGE, errors.UnexpectedAnswerError, "an HTML page titled 'Sign in'"),
        (PICTURE, errors.UnexpectedAnswerError, "content of type 'image/png'"),
        (NO_GZIP, errors.ServerUnavailableError, "the answer broke off"),
        (FAILED, errors.ServerFaultError, "(500: an HTML page titled 'Server Error (500)')"),
    ],
)
def test_what_stays(fault: bytes, kind: type[errors.ModoboaError], words: str) -> None:
    pauses: list[float] = []
    with Wire(fault) as wire, pytest.raises(kind) as caught:
        client_of(wire, pauses).get("x/")
    assert not pauses
    assert words in str(caught.value)
    check(caught.value, "GET")


def test_throttle() -> None:
    pauses: list[float] = []
    with Wire(THROTTLED, GOOD) as wire:
        assert client_of(wire, pauses).send("POST", "x/", json={"a": 1}) == {"done": True}
    assert pauses == [1.25]
    # The same once more, body included
    assert wire.requests[0] == wire.requests[1]
    assert wire.requests[0].endswith(b'{"a": 1}')


@pytest.mark.parametrize("said", [b"", GOOD[:20], GOOD[:-4], CHUNK_MISSING])
def test_server_that_is_too_slow_is_not_asked_again(said: bytes) -> None:
    with (
        Wire(said, stalls=True) as wire,
        pytest.raises(
            errors.ServerUnavailableError, match="no answer within the timeout"
        ) as caught,
    ):
        client_of(wire, [], timeout=0.1).get("x/")
    assert len(wire.requests) == 1
    check(caught.value, "GET")


def test_tls_with_a_server_that_has_none() -> None:
    with (
        Wire(http(b"", "400 Bad Request")) as wire,
        pytest.raises(errors.ServerUnreachableError, match="is that a port for HTTPS"),
    ):
        Client(wire.url.replace("http:", "https:"), Credentials("Token", TOKEN)).get("x/")


def check(error: errors.ModoboaError, method: str) -> None:
    """It names the request, dumps no page and tells no secret."""
    text = str(error)
    assert text.startswith(f"{method} /api/v2/x/")
    assert "<" not in text
    assert " at 0x" not in text
    assert "planted" not in text
    assert len(text) < 300
