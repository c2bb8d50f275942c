# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to web servers that keep them, or that do not come to an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import (
    AcmeError,
    GarbledError,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.network import Network
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.reply import Reply
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.trust import Trust
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.waiting import Deadline

Work = Callable[[BaseHTTPRequestHandler], None]


class _Server(ThreadingHTTPServer):
    """A web server that counts connections."""

    daemon_threads = True
    connections = 0

    def process_request(self, *args: Any) -> None:
        self.connections += 1
        super().process_request(*args)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


@contextmanager
def serving(answer: Work) -> Iterator[_Server]:
    """Let a web server answer every request so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with suppress(OSError):
                answer(self)

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ok(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"ok")


def in_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n")


def drips_headers(handler: BaseHTTPRequestHandler) -> None:
    for _number in range(50):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: "[_number % 25 : _number % 25 + 1])
        time.sleep(0.1)


def drips_a_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "50")
    handler.end_headers()
    for _number in range(50):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def never_ends(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


def connect(server: _Server, timeout: float = 5) -> Network:
    return Network(server.url, trust=Trust(), timeout=timeout, connections=2)


def get(network: Network, server: _Server) -> Reply:
    return network.get(server.url, Deadline(5))


def test_a_ca_on_several_hosts_keeps_its_connections() -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(ok)) for _number in range(3)]
        network = connect(servers[0])
        for _round in range(4):
            for server in servers:
                assert get(network, server).body == b"ok"
        assert [server.connections for server in servers] == [1, 1, 1]
        network.session.close()


def test_an_answer_in_chunks_keeps_the_connection_too() -> None:
    with serving(in_chunks) as server:
        network = connect(server)
        assert [get(network, server).body for _round in range(3)] == [b"ok"] * 3
        assert server.connections == 1
        network.session.close()


@pytest.mark.parametrize("drips", [drips_headers, drips_a_body])
def test_a_ca_that_drips_is_given_up(drips: Work) -> None:
    with serving(drips) as server:
        began = time.monotonic()
        with pytest.raises(AcmeError, match=r"did not answer within 0\.5 seconds"):
            get(connect(server, timeout=0.5), server)
        assert time.monotonic() - began < 2


def test_an_answer_without_an_end_is_given_up() -> None:
    with serving(never_ends) as server, pytest.raises(GarbledError, match="longer than"):
        get(connect(server), server)


def test_a_proxy_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(drips_a_body) as server:
        monkeypatch.setenv("http_proxy", server.url)
        network = Network("http://ca.test/", trust=Trust(), timeout=0.5, connections=2)
        with pytest.raises(AcmeError, match=r"did not answer within 0\.5 seconds"):
            network.get("http://ca.test/", Deadline(5))


def test_errors_name_no_classes() -> None:
    network = Network("http://ca.invalid/", trust=Trust(), timeout=5, connections=2)
    with pytest.raises(AcmeError) as caught:
        network.get("http://ca.invalid/", Deadline(0))
    assert "cannot be reached: " in str(caught.value)
    assert "Connection(" not in str(caught.value)
    assert "Pool(" not in str(caught.value)
