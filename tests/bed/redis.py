# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's redis, which Modoboa needs for its cache and queues."""

from __future__ import annotations

from bed import wait
from bed.layout import Layout
from bed.ports import LOOPBACK
from bed.process import Program


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
        return wait.listens((LOOPBACK, self._layout.ports.redis))
