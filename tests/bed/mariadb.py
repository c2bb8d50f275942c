# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's MariaDB, which Modoboa also runs on. It listens on a unix socket only."""

from __future__ import annotations

import os
from pathlib import Path

from bed import wait
from bed.command import run
from bed.layout import Layout
from bed.process import Program

NAME = "modoboa"
# As Debian configures it
CHARACTERS = ("--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci")
# What is in it is thrown away, so nothing waits for the disk
CARELESS = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-use-native-aio=0",
)


class Mariadb:
    """A server with one database, ``modoboa``, in which everybody is root.

    Who may enter ``directory``, the folder of its socket, may connect: it belongs to the instance.
    """

    def __init__(self, layout: Layout, directory: Path) -> None:
        self._layout = layout
        self._directory = directory
        self._data = directory / "mariadb"
        self._packages = layout.prefix.debian / "usr"

    @property
    def url(self) -> str:
        """As dj-database-url takes it."""
        return f"mysql://root@{str(self._socket).replace('/', '%2F')}/{NAME}"

    def create(self) -> None:
        """Make the files of a new server, with the database."""
        self._directory.mkdir(parents=True, exist_ok=True)
        run(
            [
                *(self._program("mariadb-install-db"), "--no-defaults", "--cross-bootstrap"),
                *(f"--basedir={self._packages}", f"--datadir={self._data}", *_user()),
                *("--auth-root-authentication-method=normal", "--skip-name-resolve"),
                f"--lc-messages-dir={self._messages}",
            ],
            purpose="creating the files of MariaDB",
        )
        # A database is a folder
        (self._data / NAME).mkdir()

    def program(self) -> Program:
        """How to start it."""
        return Program(
            name="mariadb",
            command=[
                self._program("mariadbd"),
                *("--no-defaults", *_user()),
                *(f"--basedir={self._packages}", f"--lc-messages-dir={self._messages}"),
                *(f"--datadir={self._data}", f"--socket={self._socket}", "--skip-networking"),
                *CHARACTERS,
                *CARELESS,
            ],
            directory=self._directory,
            log=self._layout.logs / "mariadb.log",
            environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        )

    def ready(self) -> bool:
        """Whether it accepts queries: it opens its socket last."""
        return wait.listens(str(self._socket))

    @property
    def _socket(self) -> Path:
        return self._directory / "mariadb.sock"

    @property
    def _messages(self) -> Path:
        return self._packages / "share" / "mysql"

    def _program(self, name: str) -> Path:
        return self._layout.prefix.bin / name


def _user() -> list[str]:
    """MariaDB runs as root only when it is told to. It has to be the owner of its files."""
    return ["--user=root"] if os.geteuid() == 0 else []
