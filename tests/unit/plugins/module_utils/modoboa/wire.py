# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that answers with bytes as they are written here, whole HTTP or not."""

from __future__ import annotations

import socket
import threading
from types import TracebackType

_END = b"\r\n\r\n"
_TLS = b"\x16"  # how its first message begins
PATIENCE = 10


class Wire:
    """Takes one request a connection, sends the next of its answers, and hangs up."""

    def __init__(self, *answers: bytes, stalls: bool = False) -> None:
        """``stalls``: it does not hang up, but says nothing more either."""
        self._answers = answers
        self._stalls = stalls
        self.requests: list[bytes] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Wire:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Wakes the thread where it waits for somebody who does not come
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        for each in (*self._open, self._listener):
            each.close()

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self.requests.append(_request(connection))
            connection.sendall(answer)
            if not self._stalls:
                connection.close()


def _request(connection: socket.socket) -> bytes:
    """Read one request with its body, so that hanging up resets nothing."""
    read = connection.recv(65536)
    if read[:1] == _TLS:
        return read
    while _END not in read:
        read += connection.recv(65536)
    head, _end, body = read.partition(_END)
    length = 0
    for line in head.lower().split(b"\r\n"):
        name, _colon, value = line.partition(b":")
        if name == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    return head + _END + body


def http(
    body: bytes, status: str = "200 OK", *headers: str, kind: str = "application/json"
) -> bytes:
    """An answer as HTTP has it."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close", *headers]
    if not any(header.lower().startswith(("content-length", "transfer")) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
