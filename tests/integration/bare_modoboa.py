# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Modoboa as its installer leaves it: nothing of the extension, and a virtual environment of its own."""

from __future__ import annotations

import dataclasses
import json
import os
import pwd
from pathlib import Path
from typing import Any

import requests
from bed import template
from bed.ansible import Ansible, Run
from bed.command import run
from bed.instance import Instance
from bed.layout import Layout, Ports
from bed.modoboa import Modoboa
from bed.ports import LOOPBACK
from bed.prefix import find
from bed.redis import Redis
from integration.portal_site import PLAYBOOKS

TIMEOUT = 60


class BareModoboa(Instance):
    """gunicorn on loopback, without nginx in front of it."""

    def __init__(self, instance: str) -> None:
        super().__init__(Layout(find(), instance, "sqlite", Ports.choose()), keep=False)
        self.ansible = Ansible(self.layout)
        self.url: str = f"http://localhost:{self.layout.ports.http}"
        self.folder: Path = self.layout.modoboa
        self.settings: Path = self.folder / template.INSTANCE / "settings.py"
        self.frontend: Path = self.folder / "frontend"
        self.virtualenv: Path = self.directory / "venv"
        self.installed_from: Path = self.directory / "extension"
        self._modoboa = Modoboa(self.layout)
        self._redis = Redis(self.layout)

    @property
    def python(self) -> Path:
        """The interpreter of its virtual environment."""
        return self.virtualenv / "bin" / "python"

    def _start(self) -> None:
        self._launch(self._redis.program())
        self._await("redis", self._redis.ready)
        template.copy(self.layout)
        self._modoboa.manage("migrate", template.EXTENSION, "zero")
        self.settings.write_text(template.MENTIONED.sub("", self.settings.read_text()))
        self._make_environment()
        self.manage("load_initial_data")
        address = f"{LOOPBACK}:{self.layout.ports.http}"
        program = self._modoboa.program(address)
        words = [str(self.python), *map(str, program.command[1:])]
        self._launch(dataclasses.replace(program, command=words))
        self._await("modoboa", lambda: self.status() == requests.codes.not_found)

    def _make_environment(self) -> None:
        """Packages of the bed's, but not the extension, which is only linked there."""
        run(
            ["/usr/bin/python3", "-m", "venv", "--without-pip", self.virtualenv],
            purpose="making a virtual environment",
        )
        (shared,) = (self.layout.prefix.modoboa / "lib").glob("python3*/site-packages")
        (own,) = (self.virtualenv / "lib").glob("python3*/site-packages")
        (own / "shared.pth").write_text(f"{shared}\n")

    def manage(self, *arguments: str) -> str:
        """Run manage.py; returns what it wrote to standard output."""
        return run(
            [self.python, "manage.py", *arguments],
            directory=self.folder,
            environment=self._modoboa.environment(),
            purpose=f"Modoboa's manage.py {arguments[0]}",
        )

    def status(self) -> int:
        """What somebody gets who asks for virtual hosts without saying who it is."""
        try:
            return requests.get(f"{self.url}/api/v2/virtualhosts/", timeout=TIMEOUT).status_code
        except requests.RequestException:
            return 0

    def addresses(self) -> str:
        """The addresses that the frontend is configured for."""
        return str(json.loads((self.frontend / "config.json").read_text())["API_BASE_URL"])

    def has_tables(self) -> bool:
        """Whether there are tables of the extension."""
        names = "from django.db import connection; print(connection.introspection.table_names())"
        return template.EXTENSION in self.manage("shell", "-c", names)

    def run(self, *, check: bool = False, **variables: Any) -> Run:
        """Run the playbook."""
        (master,) = (each.pid for each in self._state.processes if each.name == "modoboa")
        values = {
            "instance": str(self.folder),
            "virtualenv": str(self.virtualenv),
            "settings_file": str(self.settings),
            "directory": str(self.installed_from),
            # Where tests run as root, that is whose it is
            "user": pwd.getpwuid(os.getuid()).pw_name,
            "restart": [f"kill -HUP {master}"],
            "url": self.url,
            **variables,
        }
        return self.ansible.run_playbook(
            PLAYBOOKS / "extension.yml",
            inventory={"modoboa": {"hosts": {"front": {"ansible_connection": "local"}}}},
            extra_vars={f"extension_{name}": value for name, value in values.items()},
            check=check,
            diff=True,
            # How this machine gets at packages
            environment={key: text for key, text in os.environ.items() if key.startswith("PIP_")},
        )
