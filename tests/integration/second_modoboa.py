# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed's Modoboa once more, beside it and with other settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import requests
from bed import Bed, wait
from bed.ports import LOOPBACK, free_ports
from bed.process import Process, stop

TIMEOUT = 60


class SecondModoboa:
    """Has the same database as the bed's Modoboa, so that a test can look through either.

    It is reached without TLS, and has no frontend for people to sign in at.
    """

    def __init__(self, bed: Bed, port: int) -> None:
        self._token = bed.modoboa.token
        self.url: str = f"http://localhost:{port}"

    @classmethod
    @contextmanager
    def running(
        cls, bed: Bed, settings: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[Self]:
        """Run it.

        :param settings: the module of its settings
        :param environment: what is added to that of the bed's
        """
        (port,) = free_ports(1)
        program = bed.modoboa.program(f"{LOOPBACK}:{port}")
        name = settings.rpartition(".")[2]
        added = {"DJANGO_SETTINGS_MODULE": settings, **(environment or {})}
        started = Process(
            dataclasses.replace(
                program,
                name=name,
                log=bed.logs / f"{name}.log",
                environment={**program.environment, **added},
            ),
            outlives=False,
        )
        try:
            server = cls(bed, port)

            def ready() -> bool:
                started.check()
                return server.ready()

            wait.until(ready, what=f"Modoboa with {settings} answers", timeout=TIMEOUT)
            yield server
        finally:
            stop([started.identity], bed.directory)
            started.reap()

    def connection(self) -> dict[str, Any]:
        """What a modoboa_* module has to be told to use it."""
        return {"url": self.url, "token": self._token}

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """An API request as the administrator, ``path`` relative to /api/v2/; whatever the answer."""
        return requests.request(
            method,
            f"{self.url}/api/v2/{path}",
            headers={"Authorization": f"Token {self._token}"},
            timeout=TIMEOUT,
            **arguments,
        )

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            return self.request("GET", "domains/").ok
        except requests.RequestException:
            return False
