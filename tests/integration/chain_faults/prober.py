# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who asks portals all the time, and counts when they do not answer."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Self

from bed.ports import LOOPBACK

# Seconds
PAUSE = 0.04
PATIENCE = 20
# A page of nginx's own, mostly, and now and then one of the application
PATHS = (*["/"] * 9, "/accounts/login/")


@dataclass(frozen=True)
class Failure:
    """A question that was not answered as it should.

    :ivar at: when, by the clock
    """

    hostname: str
    path: str
    at: float
    error: str


class Prober:
    """Asks each portal in turn, each time over a new connection. Use it as a context manager.

    An answer counts if its certificate is the CA's for that name, and its status 200.

    :ivar count: how many questions there were
    :ivar failures: those of them that were not answered
    """

    def __init__(self, port: int, roots: str, address: str = LOOPBACK) -> None:
        """:param roots: certificates of the CA, as PEM"""
        self._target = (address, port)
        self._context = ssl.create_default_context(cadata=roots)
        self._hostnames: tuple[str, ...] = ()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, daemon=True)
        self.count = 0
        self.failures: list[Failure] = []

    def watch(self, hostnames: Iterable[str]) -> None:
        """Ask these from now on."""
        self._hostnames = tuple(hostnames)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _ask_on(self) -> None:
        for path in itertools.cycle(PATHS):
            for hostname in self._hostnames:
                self._ask(hostname, path)
                if self._ended.wait(PAUSE):
                    return
            if not self._hostnames and self._ended.wait(PAUSE):
                return

    def _ask(self, hostname: str, path: str) -> None:
        at, error = time.time(), ""
        try:
            status = self._status(hostname, path)
            if status != 200:
                error = f"status {status}"
        except (OSError, HTTPException) as problem:
            error = repr(problem)
        self.count += 1
        if error:
            self.failures.append(Failure(hostname, path, at, error))

    def _status(self, hostname: str, path: str) -> int:
        with (
            socket.create_connection(self._target, PATIENCE) as plain,
            self._context.wrap_socket(plain, server_hostname=hostname) as connection,
            closing(HTTPConnection(hostname, self._target[1])) as client,
        ):
            client.sock = connection
            client.request("GET", path, headers={"Connection": "close"})
            answer = client.getresponse()
            answer.read()
            return answer.status
