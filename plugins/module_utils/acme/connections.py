# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections on which an answer has an end: requests itself limits each read, not all of them."""

from __future__ import annotations

import http.client
import io
import socket
from contextlib import suppress
from typing import Any

from .errors import GarbledError
from .waiting import Deadline

with suppress(ImportError):  # libraries.py says what is missing
    import requests.adapters
    import urllib3.connection

# A CA may hand out chains and renewal information elsewhere; a host too many costs connections.
_HOSTS = 4
# A chain has some kilobytes, the largest orders of a CA not many more.
_MOST_BYTES = 1024 * 1024


def adapter(connections: int) -> requests.adapters.HTTPAdapter:
    """Return what keeps the connections of one run.

    :param connections: how many there may be to one host
    """
    # here, because there are no classes to derive from where libraries are missing

    class HTTPConnection(urllib3.connection.HTTPConnection):
        response_class = _Answer

    class HTTPSConnection(urllib3.connection.HTTPSConnection):
        response_class = _Answer

    class HTTPConnectionPool(urllib3.HTTPConnectionPool):
        ConnectionCls = HTTPConnection

    class HTTPSConnectionPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = HTTPSConnection

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options)
            self.poolmanager.pool_classes_by_scheme = {
                "http": HTTPConnectionPool,
                "https": HTTPSConnectionPool,
            }

        def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
            manager = super().proxy_manager_for(*args, **options)
            manager.pool_classes_by_scheme = self.poolmanager.pool_classes_by_scheme
            return manager

    return Adapter(pool_connections=_HOSTS, pool_maxsize=connections, pool_block=True)


class _Answer(http.client.HTTPResponse):
    """All of it, with its headers, has to come within the time that one read may take."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp = io.BufferedReader(_Limited(self.fp.detach(), Deadline(seconds)))


class _Limited(io.RawIOBase):
    """What is read from a socket, up to a moment and a size."""

    def __init__(self, raw: io.RawIOBase, deadline: Deadline) -> None:
        super().__init__()
        self._raw = raw
        self._deadline = deadline
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        if self._deadline.remaining() <= 0:
            raise socket.timeout("timed out")
        count = self._raw.readinto(buffer)
        self._bytes += count or 0
        if self._bytes > _MOST_BYTES:
            raise GarbledError(
                f"an answer of the CA is longer than {_MOST_BYTES} bytes. Make sure that"
                " acme_directory is the address of an ACME directory."
            )
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
