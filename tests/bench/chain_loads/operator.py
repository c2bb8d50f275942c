# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator with an inventory of tenants, who runs the collection's playbooks."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bed import Bed
from bench.measuring.usage import Program, ProgramError, Usage, measure
from bench.modoboa_loads.portals import Portal

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"
# A line of Ansible's own log; what a task takes is until the next line of that kind
_BEGIN = re.compile(r"^(\S+ \S+?),(\d+) .*?\| (?:(TASK|RUNNING HANDLER) \[(.*)\]|PLAY RECAP)")


@dataclass(frozen=True)
class Effort:
    """What a playbook took.

    :ivar steps: the tasks in their order, with the seconds of each
    """

    usage: Usage
    steps: list[tuple[str, float]]

    def __str__(self) -> str:
        return f"{self.usage}, {len(self.steps)} tasks"

    def slowest(self, number: int) -> list[tuple[str, float]]:
        """Return those tasks that took longest."""
        return sorted(self.steps, key=lambda step: -step[1])[:number]


class Operator:
    """One host that does everything, and its tenants."""

    def __init__(self, bed: Bed, portals: Sequence[Portal]) -> None:
        self._bed = bed
        self._folder = bed.directory / "operator"
        self._folder.mkdir()
        self._inventory = self._folder / "inventory.json"
        variables = {**bed.variables(), "virtualhosts_tenants": [_tenant(each) for each in portals]}
        hosts = {"front": {"ansible_connection": "local"}}
        # JSON is YAML
        self._inventory.write_text(json.dumps({"modoboa": {"hosts": hosts, "vars": variables}}))

    def run(self, playbook: str, *, changes: bool, **variables: str) -> Effort:
        """Run a playbook.

        :param changes: whether it has something to do
        :param variables: that are given on the command line
        :raises ProgramError: it failed, or changed something when it should not, or the other way
        """
        extra = [part for pair in variables.items() for part in ("-e", "=".join(pair))]
        timed = self._folder / "timed.log"
        timed.unlink(missing_ok=True)
        play = self._bed.ansible.bin / "ansible-playbook"
        program = Program(
            (play, "-i", self._inventory, PLAYBOOKS / f"{playbook}.yml", *extra),
            {**self._bed.ansible.environment(), "ANSIBLE_LOG_PATH": str(timed)},
            self._folder,
            self._bed.logs / f"{playbook}.log",
        )
        usage = measure(program)
        if (" changed=0 " not in program.log.read_text()) is not changes:
            raise ProgramError(f"{playbook} changed {'nothing' if changes else 'something'}")
        return Effort(usage, _steps(timed.read_text()))


def _tenant(portal: Portal) -> dict[str, Any]:
    theme = {"colors": portal.colors, "logos": {"login": str(portal.logo)}}
    return {"hostname": portal.name, "domains": [portal.domain], "theme": theme}


def _steps(log: str) -> list[tuple[str, float]]:
    begun = []
    for line in log.splitlines():
        found = _BEGIN.match(line)
        if found:
            moment = datetime.fromisoformat(f"{found[1]}.{found[2]}")
            begun.append((moment, (found[4] or "").rpartition(" : ")[2]))
    pairs = zip(begun, begun[1:], strict=False)
    return [(name, (end - begin).total_seconds()) for (begin, name), (end, _next) in pairs]
