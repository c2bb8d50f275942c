# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can happen to a request on its way to the CA and back."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler

HTML = b"<!DOCTYPE html><html><body><h1>Sign in to the guest network</h1></body></html>"

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What is answered to a request."""

    status: int
    headers: Headers
    body: bytes

    @property
    def half(self) -> bytes:
        """The first half of the body."""
        return self.body[: len(self.body) // 2]


@dataclass
class Exchange:
    """A request that the proxy was sent.

    :ivar answer: what Pebble said to it, unless Pebble was not asked
    """

    handler: BaseHTTPRequestHandler
    answer: Answer | None = None

    def send(self, answer: Answer, sent: bytes | None = None) -> None:
        """Send an answer.

        :param sent: the bytes that come through, if not all of the body
        """
        handler = self.handler
        handler.send_response_only(answer.status)
        for name, value in answer.headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(answer.body if sent is None else sent)
        handler.wfile.flush()

    @property
    def answered(self) -> Answer:
        """What Pebble said."""
        assert self.answer is not None
        return self.answer

    def hang_up(self) -> None:
        """Close the connection."""
        self.handler.close_connection = True
        self.handler.connection.shutdown(socket.SHUT_RDWR)


class Fault:
    """What happens to one request.

    :cvar reaches_ca: whether Pebble is asked nevertheless
    """

    reaches_ca = True

    def happen(self, exchange: Exchange) -> None:
        """Answer, or do not."""
        raise NotImplementedError


class Dropped(Fault):
    """The connection breaks before the CA has seen the request."""

    reaches_ca = False

    def happen(self, exchange: Exchange) -> None:
        exchange.hang_up()


class LostAnswer(Fault):
    """The connection breaks before the first byte of the answer."""

    def happen(self, exchange: Exchange) -> None:
        exchange.hang_up()


class HalfAnswer(Fault):
    """The connection breaks in the middle of the answer."""

    def happen(self, exchange: Exchange) -> None:
        exchange.send(exchange.answered, sent=exchange.answered.half)
        exchange.hang_up()


class HalfDocument(Fault):
    """Something on the way has cut the document, and says that this is all."""

    def happen(self, exchange: Exchange) -> None:
        exchange.send(replace(exchange.answered, body=exchange.answered.half))


@dataclass
class Stalled(Fault):
    """The answer comes to a halt in the middle, or before it begins.

    :ivar seconds: longer than the client's patience
    """

    seconds: float
    begins: bool = True

    def happen(self, exchange: Exchange) -> None:
        if self.begins:
            exchange.send(exchange.answered, sent=exchange.answered.half)
        time.sleep(self.seconds)
        exchange.hang_up()


class LostPlace(Fault):
    """Something on the way has put nonsense in the place of the URL of what was made."""

    def happen(self, exchange: Exchange) -> None:
        answer = exchange.answered
        kept = [header for header in answer.headers if header[0] != "Location"]
        exchange.send(replace(answer, headers=[*kept, ("Location", "nonsense")]))


@dataclass
class Page(Fault):
    """Somebody else answers in place of the CA, with a page for people."""

    reaches_ca = False
    status: int = 200

    def happen(self, exchange: Exchange) -> None:
        exchange.send(Answer(self.status, [("Content-Type", "text/html")], HTML))


@dataclass
class Busy(Fault):
    """The CA wants to be left alone for a while.

    :ivar seconds: how long
    :ivar form: how it writes that into Retry-After
    """

    status: int
    seconds: int
    form: Callable[[int], str] = str
    reaches_ca = False

    def happen(self, exchange: Exchange) -> None:
        code = "rateLimited" if self.status == 429 else "serverInternal"
        problem = {"type": f"urn:ietf:params:acme:error:{code}", "detail": "Come back later."}
        headers = [
            ("Content-Type", "application/problem+json"),
            ("Retry-After", self.form(self.seconds)),
        ]
        exchange.send(Answer(self.status, headers, json.dumps(problem).encode()))
