# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks have in common that make portals in a Modoboa beside each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bed import Bed
from bench.measuring.playbook import Playbook
from bench.measuring.usage import Usage
from bench.modoboa_loads.portals import Portal


@dataclass(frozen=True)
class Effort:
    """:ivar requests: that Modoboa's web server was sent"""

    usage: Usage
    requests: float

    def continued(self, later: Effort, factor: float) -> Effort:
        """Return this, and that many times what a later effort has more than it."""
        more = (later.requests - self.requests) * factor
        return Effort(self.usage.continued(later.usage, factor), self.requests + more)

    def __str__(self) -> str:
        return f"{self.usage}, {self.requests:.0f} requests"


class Writer(ABC):
    """A whole ansible-playbook that makes portals: linked to their domains, with colours and logos.

    :cvar title: names it in the figures
    """

    title: str

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        self._log: Path = bed.logs / "nginx-access.log"
        folder = bed.directory / type(self).__name__.lower()
        self._playbook = Playbook(bed.ansible, folder, bed.logs)

    @abstractmethod
    def play(self, portals: Sequence[Portal]) -> dict[str, Any]:
        """Return the tasks that make these."""

    def write(self, portals: Sequence[Portal], changes: bool | None = None) -> Effort:
        """Run it.

        :param changes: whether it has something to do, None if that does not matter
        :raises ProgramError: it failed, or changed something when it should not, or the other way
        """
        play = self.play(portals)
        before = self._requests()
        usage = self._playbook.run(play, changes)
        return Effort(usage, self._requests() - before)

    def _requests(self) -> int:
        return self._log.read_bytes().count(b"\n")
