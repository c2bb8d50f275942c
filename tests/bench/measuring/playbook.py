# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole ansible-playbook with one play on this machine, measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bed.ansible import Ansible
from bench.measuring.usage import Program, ProgramError, Usage, measure


class Playbook:
    """One that is run again and again, with whatever play.

    :ivar folder: is its own
    """

    def __init__(self, ansible: Ansible, folder: Path, logs: Path) -> None:
        self._ansible = ansible
        self.folder = folder
        self._log = logs / f"{folder.name}.log"
        folder.mkdir(exist_ok=True)

    def run(self, play: dict[str, Any], changes: bool | None = None) -> Usage:
        """Run a play.

        :param changes: whether it has something to do, None if that does not matter
        :raises ProgramError: it failed, or changed something when it should not, or the other way
        """
        common = {"hosts": "localhost", "connection": "local", "gather_facts": False}
        playbook = self.folder / "playbook.yml"
        # JSON is YAML
        playbook.write_text(json.dumps([{**common, **play}]))
        command = (self._ansible.bin / "ansible-playbook", "-i", "localhost,", playbook)
        usage = measure(Program(command, self._ansible.environment(), self.folder, self._log))
        if changes is not None and (" changed=0 " not in self._log.read_text()) is not changes:
            raise ProgramError(f"it changed {'nothing' if changes else 'something'}")
        return usage
