# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to challenges, right and wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.challenge_answer import (
    wrong_answer,
)

THUMBPRINT = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF-"
Answer = Callable[[str], tuple[int, str]]


@pytest.fixture
def server() -> Iterator[TCPServer]:
    """Answers with what its attribute C(answer) makes of a token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            created.hosts.append(self.headers["Host"])  # type: ignore[attr-defined] # for the test
            path, _slash, token = self.path.rpartition("/")
            assert path == "/.well-known/acme-challenge"
            status, body = created.answer(token)  # type: ignore[attr-defined] # for the test
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    created = TCPServer(("127.0.0.1", 0), Handler)
    created.hosts = []  # type: ignore[attr-defined] # for the test
    thread = threading.Thread(target=created.serve_forever, args=(0.01,))
    thread.start()
    yield created
    created.shutdown()
    thread.join()
    created.server_close()


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (lambda token: (200, f"{token}.{THUMBPRINT}"), None),
        (lambda token: (200, f"{token}.{THUMBPRINT}\r\n"), None),
        (lambda token: (200, f"{token}.another"), "something else"),
        (lambda _token: (200, "<html>" * 100), "something else"),
        (lambda _token: (301, ""), "status 301"),
        (lambda _token: (404, ""), "status 404"),
        (lambda _token: (503, ""), None),
        (lambda _token: (429, ""), None),
    ],
)
def test_answers(server: TCPServer, answer: Answer, wrong: str | None) -> None:
    server.answer = answer  # type: ignore[attr-defined] # for the test
    port = server.server_address[1]
    found = wrong_answer("127.0.0.1", port, "a.example.com", THUMBPRINT, 2)
    assert found == wrong or (wrong is not None and wrong in (found or ""))
    assert server.hosts == [f"a.example.com:{port}"]  # type: ignore[attr-defined] # for the test


def test_nobody_answers() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with pytest.raises(OSError, match="refused"):
            wrong_answer("127.0.0.1", port, "a.example.com", THUMBPRINT, 2)


def test_no_http(server: TCPServer) -> None:
    class NoHttp(BaseHTTPRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 mail.example.com ESMTP\r\n")

    server.RequestHandlerClass = NoHttp
    with pytest.raises(OSError, match="no answer in HTTP"):
        wrong_answer("127.0.0.1", server.server_address[1], "a.example.com", THUMBPRINT, 2)
