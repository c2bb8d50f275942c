# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all playbooks have in common that write server blocks beside each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measuring.playbook import Playbook
from bench.measuring.usage import Usage
from bench.nginx_loads.front_end import FrontEnd

UPLOAD = "20m"
OTHER_UPLOAD = "30m"


@dataclass(frozen=True)
class Host:
    """A portal: its name, and the one thing that is changed about it."""

    name: str
    upload: str = UPLOAD


class Writer(ABC):
    """A whole ansible-playbook that writes the server blocks of hosts and lets nginx know.

    :cvar title: names it in the figures
    """

    title: str

    def __init__(self, front_end: FrontEnd) -> None:
        self.front_end = front_end
        self.folder: Path = front_end.directory / type(self).__name__.lower()
        self._playbook = Playbook(front_end.ansible, self.folder, front_end.logs)

    @abstractmethod
    def play(self, hosts: Sequence[Host]) -> dict[str, Any]:
        """Return tasks and handlers that make nginx serve exactly these hosts as they are now."""

    def write(self, hosts: Sequence[Host], changes: bool = True) -> Usage:
        """Run it.

        :param changes: whether it has something to do
        :raises ProgramError: it failed, or changed something when it should not, or the other way
        """
        return self._playbook.run(self.play(hosts), changes)

    def run(self, play: dict[str, Any]) -> Usage:
        """Run a play on this machine.

        :raises ProgramError: it failed
        """
        return self._playbook.run(play)
