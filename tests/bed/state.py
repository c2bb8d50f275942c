# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known about a running bed, so that another process can use and stop it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from bed import private_file, process
from bed.errors import BedError
from bed.layout import Database, Layout, Ports
from bed.prefix import Prefix
from bed.process import Identity

FILE = "state.json"


@dataclass(frozen=True)
class State:
    """The content of state.json. ``owner`` is the process at whose end the bed is left over."""

    database: Database
    ports: Ports
    owner: Identity | None
    processes: tuple[Identity, ...] = ()
    token: str = ""
    complete: bool = False

    def save(self, directory: Path) -> None:
        """Write it, readable for this user only: it has the token of the API."""
        content = json.dumps(dataclasses.asdict(self), indent=2)
        private_file.write(directory / FILE, content.encode())

    def layout(self, prefix: Prefix, instance: str) -> Layout:
        """The instance that it describes."""
        return Layout(prefix, instance, self.database, self.ports)

    def running(self) -> bool:
        """Whether it was started completely and all of its programs are running."""
        return self.complete and all(entry.alive() for entry in self.processes)

    def stop(self, directory: Path) -> None:
        """Stop its programs, also their left-over children, and write that down."""
        process.stop(self.processes, directory)
        dataclasses.replace(self, processes=(), complete=False).save(directory)

    def orphaned(self) -> bool:
        """Whether its owner is gone without having stopped it."""
        return self.owner is not None and not self.owner.alive()


def load(directory: Path) -> State | None:
    """Read the state of an instance; None if there is none.

    Raises BedError if the file is not one of these.
    """
    file = directory / FILE
    try:
        content = json.loads(file.read_text())
        return State(
            database=content["database"],
            ports=Ports(**content["ports"]),
            owner=Identity(**content["owner"]) if content["owner"] else None,
            processes=tuple(Identity(**entry) for entry in content["processes"]),
            token=content["token"],
            complete=content["complete"],
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise BedError(
            f"{file} is damaged. Look for processes that still work in {directory}, end them, and "
            "remove that folder."
        ) from error
