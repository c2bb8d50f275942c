# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx itself takes for many server blocks: to read them, to reload them, and to keep them."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bed.ports import LOOPBACK
from bench.measuring.usage import Program, ProgramError, Usage, measure
from bench.nginx_loads.front_end import FrontEnd, Nginx
from bench.nginx_loads.writer import Host

INTERVAL = 0.01
PATIENCE = 120
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


@dataclass(frozen=True)
class Capacity:
    """What a number of server blocks have taken.

    :ivar test: of ``nginx -t``
    :ivar reload: seconds from the signal until no worker of before is left
    :ivar memory: MiB of the master and two workers, what they share counted once
    :ivar lingering: the same while a worker of before still waits for a client
    """

    test: Usage
    reload: float
    memory: float
    lingering: float


def measure_capacity(front_end: FrontEnd, names: Iterable[str], host: Host, block: str) -> Capacity:
    """Put blocks for these names into place, and measure. They are gone afterwards.

    :param block: what nginx_vhost has written for the host; the others get the same
    :raises ProgramError: nginx does not take them
    """
    nginx = front_end.nginx
    front_end.enable({name: block.replace(host.name, name) for name in names})
    try:
        test = _test(front_end)
        reload(nginx)
        seconds = reload(nginx)
        memory = _memory(nginx)
        with socket.create_connection((LOOPBACK, nginx.http_port)) as client:
            # A request that has begun is waited for
            client.sendall(b"GET / HTTP/1.1\r\n")
            time.sleep(0.1)
            reload(nginx, lingering=1)
            lingering = _memory(nginx)
    finally:
        front_end.clear()
        reload(nginx)
    return Capacity(test, seconds, memory, lingering)


def _test(front_end: FrontEnd) -> Usage:
    nginx = front_end.nginx
    command = (nginx.binary, "-p", nginx.prefix, "-c", nginx.conf, "-t")
    log = front_end.logs / "nginx-test.log"
    return measure(Program(command, ENVIRONMENT, front_end.directory, log))


def reload(nginx: Nginx, lingering: int = 0) -> float:
    """Let nginx read its configuration again.

    :param lingering: how many workers of before may be left
    :returns: the seconds until no more of them were
    :raises ProgramError: there are more for too long
    """
    master = int(nginx.pid.read_text())
    before = _children(master)
    begin = time.monotonic()
    os.kill(master, signal.SIGHUP)
    while True:
        time.sleep(INTERVAL)
        workers = _children(master)
        if workers - before and len(workers & before) <= lingering:
            return time.monotonic() - begin
        if time.monotonic() > begin + PATIENCE:
            raise ProgramError(f"nginx did not reload within {PATIENCE} seconds")


def _children(master: int) -> set[int]:
    text = Path(f"/proc/{master}/task/{master}/children").read_text()
    return {int(pid) for pid in text.split()}


def _memory(nginx: Nginx) -> float:
    """MiB of all its processes: pages that several of them have are shared out among them."""
    master = int(nginx.pid.read_text())
    kibibytes = 0
    for pid in {master, *_children(master)}:
        found = re.search(r"^Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        assert found is not None
        kibibytes += int(found.group(1))
    return kibibytes / 1024
