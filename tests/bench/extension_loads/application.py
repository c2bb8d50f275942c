# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Modoboa in gunicorn with nothing before it, with the extension or without."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import requests
from bed import template, wait
from bed.instance import Instance
from bed.layout import Layout, Ports
from bed.modoboa import Modoboa
from bed.nginx import PRIMARY_HOSTNAME
from bed.ports import LOOPBACK
from bed.prefix import find
from bed.redis import Redis
from bench.measuring.usage import ProgramError

TIMEOUT = 300
TICKS = os.sysconf("SC_CLK_TCK")
# One, so that what is compared does not wait for the locks of sqlite
WORKERS = 1
# Modoboa would refuse most of what a benchmark asks
SETTINGS = """
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"])
MODOBOA_VIRTUALHOSTS_THROTTLE = None
"""


class Application(Instance):
    """On loopback, by plain HTTP, and told that a web server took HTTPS for it."""

    def __init__(self, name: str, *, extension: bool) -> None:
        super().__init__(Layout(find(), name, "sqlite", Ports.choose()), keep=False)
        self._extension = extension
        self.modoboa = Modoboa(self.layout)
        self.address: str = f"{LOOPBACK}:{self.layout.ports.http}"

    def headers(self, hostname: str = PRIMARY_HOSTNAME) -> dict[str, str]:
        """Return what a request to a hostname has, as the administrator."""
        token = f"Token {self.modoboa.token}"
        return {"Host": hostname, "X-Forwarded-Proto": "https", "Authorization": token}

    def ask(self, method: str, path: str, hostname: str = PRIMARY_HOSTNAME, **more: Any) -> Any:
        """Return the answer to a request.

        :raises ProgramError: it is not 200
        """
        answer = requests.request(
            method,
            f"http://{self.address}{path}",
            headers=self.headers(hostname),
            timeout=TIMEOUT,
            allow_redirects=False,
            **more,
        )
        if answer.status_code != requests.codes.ok:
            raise ProgramError(f"{path} on {hostname}: {answer.status_code} {answer.text[:200]}")
        return answer

    def memory(self) -> float:
        """Return the MiB of a worker, what it shares with other processes counted in part (PSS)."""
        rollup = Path(f"/proc/{self._worker()}/smaps_rollup").read_text()
        (line,) = (line for line in rollup.splitlines() if line.startswith("Pss:"))
        return int(line.split()[1]) / 1024

    def cpu(self) -> float:
        """Return the seconds of CPU that the worker has used so far."""
        fields = Path(f"/proc/{self._worker()}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def renew(self) -> None:
        """Let a new worker take over, which has done nothing yet."""
        before = self._workers()
        os.kill(self._master(), signal.SIGHUP)
        wait.until(
            lambda: len(self._workers()) == WORKERS and not before & self._workers(),
            what="gunicorn has a new worker",
            timeout=TIMEOUT,
        )

    def _start(self) -> None:
        redis = Redis(self.layout)
        self._launch(redis.program())
        self._await("redis", redis.ready)
        template.copy(self.layout, extension=self._extension)
        with (self.layout.modoboa / template.INSTANCE / "settings.py").open("a") as file:
            file.write(SETTINGS)
        self._launch(self.modoboa.program(self.address, WORKERS))
        self.modoboa.prepare()
        address = (LOOPBACK, self.layout.ports.http)
        self._await("modoboa", lambda: wait.listens(address))
        self._save(complete=True)

    def _worker(self) -> int:
        (worker,) = self._workers()
        return worker

    def _workers(self) -> set[int]:
        master = self._master()
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return {int(child) for child in children}

    def _master(self) -> int:
        (master,) = (each.identity for each in self._started if each.identity.name == "modoboa")
        return master.pid
