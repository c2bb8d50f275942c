# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The databases without the rest of a bed, for the extension's tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from bed import environments, packages, process, setup, wait
from bed.layout import Layout, Ports
from bed.mariadb import Mariadb
from bed.postgresql import Postgresql
from bed.prefix import Prefix, find
from bed.process import Process

Name = Literal["postgresql", "mariadb"]
SERVERS: dict[Name, type[Mariadb | Postgresql]] = {"postgresql": Postgresql, "mariadb": Mariadb}
PATIENCE = 60


@contextmanager
def standalone(database: Name, owner: str) -> Iterator[str]:
    """A new server that is gone afterwards; gives the URL of a database, in which anything goes.

    What it needs is fetched first if it is not there.
    """
    layout = Layout(find(), f"{owner}-{database}-{os.getpid()}", "sqlite", Ports.choose())
    install(layout.prefix, database)
    server = SERVERS[database](layout, layout.directory)
    # Whoever can enter it can connect
    layout.directory.mkdir(parents=True, mode=0o700)
    try:
        server.create()
        running = Process(server.program(), outlives=False)
        try:
            wait.until(server.ready, what=f"{database} answers", timeout=PATIENCE)
            yield server.url
        finally:
            process.stop([running.identity], layout.directory)
            running.reap()
    finally:
        shutil.rmtree(layout.directory)


def install(prefix: Prefix, database: Name) -> None:
    """Fetch a database's server, and what Modoboa reaches it with. Quick when it is there."""
    if database == "postgresql":
        setup.unpack_on_demand(prefix, database, packages.POSTGRESQL)
    else:
        setup.unpack_on_demand(prefix, database, packages.MARIADB)
        environments.install_mariadb_driver(prefix)
