# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's redis, which Modoboa needs for its cache and queues."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from bed import process, wait
from bed.layout import Layout, Ports
from bed.ports import LOOPBACK
from bed.prefix import find
from bed.process import Process, Program

PATIENCE = 10


class Redis:
    """A redis that keeps nothing on disk."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    @property
    def url(self) -> str:
        """Database 0."""
        return self._layout.redis_url

    def program(self) -> Program:
        """How to start it."""
        layout = self._layout
        return Program(
            name="redis",
            command=[
                *(layout.prefix.bin / "redis-server", "--bind", LOOPBACK),
                *("--port", str(layout.ports.redis), "--save", "", "--appendonly", "no"),
                *("--daemonize", "no", "--databases", "4"),
            ],
            directory=layout.directory,
            log=layout.logs / "redis.log",
            environment={"PATH": "/usr/bin:/bin"},
        )

    def ready(self) -> bool:
        """Whether it answers."""
        address = (LOOPBACK, self._layout.ports.redis)
        try:
            with socket.create_connection(address, timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def standalone(name: str) -> Iterator[str]:
    """A redis without the rest of a bed, for the extension's tests; gives its URL."""
    layout = Layout(find(), f"{name}-{os.getpid()}", "sqlite", Ports.choose())
    layout.directory.mkdir(parents=True)
    redis = Redis(layout)
    server = Process(redis.program(), outlives=False)
    try:
        wait.until(redis.ready, what="redis answers", timeout=PATIENCE)
        yield redis.url
    finally:
        process.stop([server.identity], layout.directory)
        server.reap()
        shutil.rmtree(layout.directory)
