# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert, this collection's own module: as a task of a playbook, and without Ansible around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bed.acme_bed import AcmeBed
from bench.acme_clients.client import Client
from bench.measuring.usage import Usage

MODULE = "ansible_collections.mailhost.modoboa.plugins.modules.acme_cert"


class Module(Client):
    """The module's process alone."""

    title = "acme_cert, module alone"

    def __init__(self, bed: AcmeBed, **options: Any) -> None:
        """Use the module with its default options, apart from the bed's and those given."""
        super().__init__(bed)
        self._options = {**bed.module_options(), **options}

    def install(self) -> None:
        """It is there."""

    def prepare(self) -> None:
        """Create the account."""
        self.issue([])

    def issue(self, names: list[str]) -> Usage:
        """Run it once for all of them."""
        self.folder.mkdir(exist_ok=True)
        arguments = self.folder / "arguments.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": self.arguments(names)}))
        return self.run(self.bed.layout.prefix.python("controller"), "-m", MODULE, arguments)

    def certificate(self, name: str) -> Path:
        """Return where it puts the chain."""
        return Path(self._options["storage"]) / "certs" / name / "fullchain.pem"

    def changed(self) -> bool:
        """Say whether the last run changed something, or would not say."""
        return json.loads(self.log.read_bytes()).get("changed") is not False

    def arguments(self, names: list[str]) -> dict[str, Any]:
        """Return all options of the task."""
        return {**self._options, "certificates": [{"name": name} for name in names]}

    @property
    def environment(self) -> dict[str, str]:
        """Python finds the collection."""
        return {**super().environment, "PYTHONPATH": str(self.bed.layout.prefix.collections)}


class Playbook(Module):
    """A whole ansible-playbook with one task."""

    title = "acme_cert, whole ansible-playbook"

    def issue(self, names: list[str]) -> Usage:
        """Run one playbook for all of them."""
        self.folder.mkdir(exist_ok=True)
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {
                "ansible_python_interpreter": str(self.bed.layout.prefix.python("controller"))
            },
            "tasks": [{"mailhost.modoboa.acme_cert": self.arguments(names)}],
        }
        playbook = self.folder / "playbook.yml"
        # JSON is YAML
        playbook.write_text(json.dumps([play]))
        return self.run(self.bed.ansible.bin / "ansible-playbook", "-i", "localhost,", playbook)

    def changed(self) -> bool:
        """Say whether the last run changed something, or would not say."""
        return " changed=0 " not in self.log.read_text()

    @property
    def environment(self) -> dict[str, str]:
        """Ansible with nothing of the user's configuration."""
        return self.bed.ansible.environment()
