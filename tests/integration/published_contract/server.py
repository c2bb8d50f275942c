# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed's Modoboa once more, as a server that has the published contract and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from bed import Bed, wait
from bed.ports import LOOPBACK, free_ports
from bed.process import Process, stop

TIMEOUT = 60


class PublishedContract:
    """Has the same database as the bed's Modoboa, so that a test can look through either."""

    def __init__(self, bed: Bed, port: int) -> None:
        self._token = bed.modoboa.token
        self.url: str = f"http://localhost:{port}"

    def connection(self) -> dict[str, Any]:
        """What differs from the bed's Modoboa in the options of a modoboa_* module."""
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
            return self.request("GET", "virtualhosts/").ok
        except requests.RequestException:
            return False


@contextmanager
def running(bed: Bed) -> Iterator[PublishedContract]:
    """Run it beside the bed's own."""
    (port,) = free_ports(1)
    program = bed.modoboa.program(f"{LOOPBACK}:{port}")
    started = Process(
        dataclasses.replace(
            program,
            name="published-contract",
            log=bed.logs / "published-contract.log",
            environment={
                **program.environment,
                "PYTHONPATH": str(Path(__file__).parent),
                "DJANGO_SETTINGS_MODULE": "published_settings",
            },
        ),
        outlives=False,
    )
    try:
        server = PublishedContract(bed, port)

        def ready() -> bool:
            started.check()
            return server.ready()

        wait.until(ready, what="the published contract answers", timeout=TIMEOUT)
        yield server
    finally:
        stop([started.identity], bed.directory)
        started.reap()
