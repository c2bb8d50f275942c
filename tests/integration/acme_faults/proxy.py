# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy in front of a real Pebble that shows the faults which Pebble itself cannot be made to show.

Clients see one CA: the proxy has a certificate of the same bed, and Pebble writes URLs with the host
that it was asked by.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import defaultdict, deque
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from bed.acme_bed import AcmeBed
from bed.ports import LOOPBACK
from integration.acme_faults.faults import Answer, Exchange, Fault

# The steps of an order, in the order in which a client comes to them, with Pebble's paths for them
STEPS = {
    "directory": "/dir",
    "nonce": "/nonce-plz",
    "account": "/sign-me-up",
    "order": "/order-plz",
    "authorization": "/authZ/",
    "challenge": "/chalZ/",
    "finalization": "/finalize-order/",
    "poll": "/my-order/",
    "certificate": "/certZ/",
    "renewal": "/draft-ietf-acme-ari-03/renewalInfo/",
}
TIMEOUT = 30
# The headers that the proxy passes on
ASKED = ("Content-Type", "User-Agent", "Accept-Language", "Host")
ANSWERED = ("Content-Type", "Location", "Replay-Nonce", "Retry-After", "Link")


@dataclass
class Seen:
    """A request that came to the proxy.

    :ivar at: when, by the monotonic clock
    """

    step: str
    at: float = field(default_factory=time.monotonic)


class _Server(ThreadingHTTPServer):
    """A server with TLS that can end connections before they begin."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.to_break = 0

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        connection, address = super().get_request()
        if self.to_break:
            self.to_break -= 1
            connection.close()
            raise OSError("this one was to be broken")
        return self.context.wrap_socket(connection, server_side=True), address


class FaultyProxy:
    """The proxy. Use it as a context manager."""

    def __init__(self, bed: AcmeBed) -> None:
        self._bed = bed
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.seen: list[Seen] = []

    def fail(self, step: str, *faults: Fault) -> None:
        """Let the next requests of a step, one of ``STEPS``, meet these faults."""
        self._faults[step].extend(faults)

    def heal(self) -> None:
        """Take back the faults that nobody has met."""
        self._faults.clear()

    def break_handshakes(self, times: int) -> None:
        """End the next connections before anything is said over them."""
        self._server.to_break = times

    @property
    def unmet(self) -> list[str]:
        """The steps with faults that nobody has met."""
        return [step for step, faults in self._faults.items() if faults]

    def times(self, step: str) -> list[float]:
        """When requests of a step came, by the monotonic clock."""
        return [each.at for each in self.seen if each.step == step]

    @property
    def directory_url(self) -> str:
        """The ACME directory as clients of the proxy see it."""
        return f"https://{LOOPBACK}:{self._server.server_port}/dir"

    def __enter__(self) -> Self:
        self._server = _Server((LOOPBACK, 0), self._handler())
        tls = self._bed.layout.tls
        self._server.context.load_cert_chain(tls / "server.pem", tls / "server.key")
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        step = next(
            (step for step, path in STEPS.items() if handler.path.startswith(path)), handler.path
        )
        self.seen.append(Seen(step))
        faults = self._faults[step]
        fault = faults.popleft() if faults else None
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        exchange = Exchange(handler)
        if fault is None or fault.reaches_ca:
            exchange.answer = self._ask(handler, body)
        if fault is None:
            exchange.send(exchange.answered)
        else:
            fault.happen(exchange)

    def _ask(self, handler: BaseHTTPRequestHandler, body: bytes) -> Answer:
        """Let Pebble answer. It sees the host that the client has asked."""
        trusted = ssl.create_default_context(cafile=str(self._bed.acme.ca_path))
        origin = urlsplit(self._bed.acme.directory_url).netloc
        connection = HTTPSConnection(origin, context=trusted, timeout=TIMEOUT)
        with closing(connection):
            headers = {name: handler.headers[name] for name in ASKED if name in handler.headers}
            connection.request(handler.command, handler.path, body or None, headers)
            answer = connection.getresponse()
            passed = [(name, value) for name, value in answer.getheaders() if name in ANSWERED]
            return Answer(answer.status, passed, answer.read())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                proxy.answer(self)

            do_POST = do_HEAD = do_GET  # noqa: N815 # names that the library looks for

            def log_message(self, *_arguments: object) -> None:
                pass

        return Handler
