# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a portal's pages can be had, before its server block is replaced and afterwards."""

from __future__ import annotations

import contextlib
import http.client
import ssl
from collections.abc import Mapping

_FRONTEND = "/"
_APPLICATION = "/accounts/login/"
# From which status on it is an error. What the application knows of an address is its own affair
_ERRORS = {_FRONTEND: 400, _APPLICATION: 500}
# Says nothing of the block: nginx was told to limit requests, and there are many
_BUSY = (429, 503)

Pages = Mapping[str, int]
"""Path → status; those without an answer are left out"""


def pages_of(address: str, port: int, name: str, timeout: float) -> Pages:
    """Ask for the frontend's page, and for one of the application's.

    :param address: IP address to connect to
    :param name: hostname to ask for
    :param timeout: seconds to wait for each step
    """
    found = {}
    for path in _ERRORS:
        with contextlib.suppress(OSError, http.client.HTTPException):
            found[path] = _status(address, port, name, path, timeout)
    return found


def worse_page(before: Pages, after: Pages) -> str | None:
    """Say which page could be had before, and cannot any more; ``None`` if there is none."""
    for path, error in _ERRORS.items():
        was, status = before.get(path), after.get(path)
        if was is None or was >= 400 or status in _BUSY:
            continue
        if status is None or status >= error:
            return f"{path} is answered with {status or 'nothing'}, and was with {was} before"
    return None


def _status(address: str, port: int, name: str, path: str, timeout: float) -> int:
    connection = _Connection(address, port, name, timeout)
    host = name if port == 443 else f"{name}:{port}"
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status


class _Connection(http.client.HTTPConnection):
    """Over TLS, to an address, whoever's certificate is there: that is looked at elsewhere."""

    def __init__(self, address: str, port: int, name: str, timeout: float) -> None:
        super().__init__(address, port, timeout=timeout)
        self._name = name

    def connect(self) -> None:
        super().connect()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.sock = context.wrap_socket(self.sock, server_hostname=self._name)
