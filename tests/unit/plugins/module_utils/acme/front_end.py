# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Web servers on addresses of the loopback network, which answer as a test says."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/.well-known/acme-challenge/"


@dataclass(frozen=True)
class Answer:
    """What a front end sends."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def stateless(thumbprint: str) -> Callable[[str, str], Answer]:
    """Answer every token with a thumbprint, as nginx does for the challenge of that name."""

    def respond(_host: str, path: str) -> Answer:
        return Answer(f"{path[len(PREFIX) :]}.{thumbprint}")

    return respond


def redirect(location: str, status: int = 301) -> Callable[[str, str], Answer]:
    """Send everybody to one address, which may have ``PATH`` in it."""

    def respond(_host: str, path: str) -> Answer:
        return Answer(status=status, headers={"Location": location.replace("PATH", path)})

    return respond


class FrontEnd:
    """One web server; ``requests`` holds the Host header and the path of each request."""

    def __init__(
        self,
        address: str,
        port: int,
        respond: Callable[[str, str], Answer],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[tuple[str, str]] = []
        self._respond = respond
        front_end = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                front_end.answer(self)

            def log_message(self, *_arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

        self._server = Server((address, port), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        host = str(request.headers["Host"])
        self.requests.append((host, request.path))
        answer = self._respond(host, request.path)
        request.send_response(answer.status)
        for name, value in answer.headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(answer.body.encode())

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
