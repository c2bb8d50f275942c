# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way to a server that can be cut."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

from bed.ports import LOOPBACK

# The kernel resets a connection instead of ending it in good manner
RESET = struct.pack("ii", 1, 0)
AT_ONCE = 65536


class Wire:
    """Passes connections on to a server. Use it as a context manager.

    Whoever uses ``port`` is at the server, with TLS and all.
    """

    def __init__(self, port: int, address: str = LOOPBACK) -> None:
        """Lead to a port at an address."""
        self._target = (address, port)
        self._cut = self._deaf = False
        self._ends: set[socket.socket] = set()

    @property
    def port(self) -> int:
        """Where it begins, on loopback."""
        return int(self._server.server_address[1])

    def cut(self) -> None:
        """Reset every connection, and from now on each new one."""
        self._cut = True
        for end in list(self._ends):
            _reset(end)

    def lose_answers(self) -> None:
        """Let what is asked from now on come through, but none of what is answered."""
        self._deaf = True

    def mend(self) -> None:
        """Pass everything on again."""
        self._cut = self._deaf = False

    def __enter__(self) -> Self:
        self._server = _Server((LOOPBACK, 0), self._handler())
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

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        wire = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                if wire._cut:
                    _reset(self.request)
                    return
                with (
                    ExitStack() as leaving,
                    socket.create_connection(wire._target) as far,
                ):
                    ends = {self.request, far}
                    wire._ends |= ends
                    leaving.callback(wire._ends.difference_update, ends)
                    back = threading.Thread(target=self._answer, args=(far,), daemon=True)
                    back.start()
                    _pass_on(self.request, far)
                    back.join()

            def _answer(self, far: socket.socket) -> None:
                _pass_on(far, self.request, lambda: not wire._deaf)
                if wire._deaf:
                    _reset(self.request)

        return Handler


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


def _pass_on(
    source: socket.socket, target: socket.socket, passes: Callable[[], bool] = lambda: True
) -> None:
    with suppress(OSError):
        while (data := source.recv(AT_ONCE)) and passes():
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        # Wakes who waits for it; closed by who opened it
        end.shutdown(socket.SHUT_RDWR)
