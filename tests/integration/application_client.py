# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to gunicorn itself, past nginx: to any hostname, each request on a connection of its own."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

from bed import Bed

TIMEOUT = 60


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(str(self._path))


def get(bed: Bed, host: str, path: str) -> tuple[int, str]:
    """Ask for a page as nginx would pass it on.

    :returns: status and body
    """
    connection = _Connection(bed.layout.application_socket)
    try:
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
