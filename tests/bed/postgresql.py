# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's PostgreSQL, the other database a bed can have. It listens on a unix socket only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bed import process, wait
from bed.command import run
from bed.layout import Layout
from bed.process import Process, Program

PORT = 5432
PATIENCE = 30
NOBODY = 65534


class Postgresql:
    """A cluster with one database, ``modoboa``, and one role of the same name.

    Who may enter ``directory``, the folder of its socket, may connect: it belongs to the instance.
    """

    def __init__(self, layout: Layout, directory: Path) -> None:
        self._layout = layout
        self._directory = directory
        self._data = directory / "postgresql"

    @property
    def url(self) -> str:
        """As dj-database-url takes it."""
        return f"postgres://modoboa@{str(self._directory).replace('/', '%2F')}/modoboa"

    def create(self) -> None:
        """Make a new, empty cluster."""
        self._directory.mkdir(parents=True, exist_ok=True)
        run(
            [
                *_unprivileged(),
                *(self._program("initdb"), "--pgdata", self._data, "--username", "modoboa"),
                *("--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
            ],
            purpose="creating a PostgreSQL cluster",
        )

    def adopt(self) -> None:
        """Take over a copied cluster: PostgreSQL runs only on files of its own user."""
        if os.geteuid() == 0:
            for path in (self._data, *self._data.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it for a while, with the database there."""
        program = self.program()
        server = Process(program, outlives=False)
        try:
            wait.until(self.ready, what="PostgreSQL", timeout=PATIENCE)
            run(
                [*self._client(), "--dbname", "postgres", "--command", "CREATE DATABASE modoboa"],
                purpose="creating a database",
            )
            yield
        finally:
            process.stop([server.identity], program.directory)
            server.reap()

    def program(self) -> Program:
        """How to start it."""
        return Program(
            name="postgresql",
            user=_unprivileged(),
            command=[
                *(self._program("postgres"), "-D", self._data, "-k", self._directory),
                *("-c", "listen_addresses=", "-c", "fsync=off", "-c", f"port={PORT}"),
            ],
            directory=self._directory,
            log=self._layout.logs / "postgresql.log",
            environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        )

    def ready(self) -> bool:
        """Whether it accepts queries."""
        if not wait.listens(str(self._directory / f".s.PGSQL.{PORT}")):
            return False
        text = (self._data / "postmaster.pid").read_text().split()
        return text[-1] == "ready"

    def _client(self) -> list[str | Path]:
        return [self._program("psql"), "--host", self._directory, "--username", "modoboa"]

    def _program(self, name: str) -> Path:
        return self._layout.prefix.bin / name


def _unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root, so it becomes nobody.

    It keeps the one right to look past file modes: the checkout may be in root's home.
    """
    if os.geteuid() != 0:
        return []
    nobody = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    # Without the bit access(2) ignores that right
    nobody.append("--securebits=+no_setuid_fixup")
    sets = ("--inh-caps", "--ambient-caps", "--bounding-set")
    return ["setpriv", *nobody, *(f"{name}=-all,+dac_override" for name in sets), "--"]
