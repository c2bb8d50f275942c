# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that has the role ``renewal_schedule``, with its files in a folder, and runs as cron does them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bed.ansible import Ansible, Run
from bed.layout import Layout, Ports
from bed.prefix import find

PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "renewal_schedule.yml"
NAME = "mailhost-modoboa-renewal"
FOLDERS = (
    "usr/local/sbin",
    "etc/cron.d",
    "etc/logrotate.d",
    "etc/systemd/system",
    "var/lib",
    "var/log",
)
SECRET = "sesame-open"


class Controller:
    """A machine on which an operator schedules the renewal of an inventory without tenants."""

    def __init__(self, directory: Path, ansible: Ansible) -> None:
        self.root = directory / "root"
        self._ansible = ansible
        for folder in FOLDERS:
            (self.root / folder).mkdir(parents=True)
        self.inventory = directory / "inventory.json"
        # What a host gets of it, if a test has it here
        self.collection = directory / "collection"
        self.variables: dict[str, Any] = {
            "ansible_connection": "local",
            "virtualhosts_modoboa_url": "https://mail.example.com",
            "virtualhosts_tenants": [],
            "virtualhosts_storage": str(directory / "storage"),
        }
        self.write_inventory()

    def write_inventory(self) -> None:
        """Write it with the variables as they are now."""
        self.inventory.write_text(json.dumps({"modoboa": {"hosts": {"front": self.variables}}}))

    def schedule(self, *, check: bool = False, **variables: Any) -> Run:
        """Run the playbook that schedules, to its end."""
        done = self.try_to_schedule(check=check, **variables)
        assert done.rc == 0, done.stdout
        return done

    def try_to_schedule(
        self, *, check: bool = False, environment: dict[str, str] | None = None, **variables: Any
    ) -> Run:
        """Run the playbook that schedules."""
        return self._ansible.run_playbook(
            PLAYBOOK,
            inventory=self.inventory,
            extra_vars={
                "renewal_schedule__root": str(self.root),
                "renewal_schedule__collection": str(self.collection),
                "renewal_schedule__packages": [],
                "renewal_schedule_with": "cron",
                "renewal_schedule_random_delay": 0,
                "renewal_schedule_environment": {"MODOBOA_TOKEN": SECRET},
                **variables,
            },
            check=check,
            diff=True,
            environment=environment,
        )

    def settings(self) -> dict[str, Any]:
        """What the schedule runs."""
        settings: dict[str, Any] = json.loads((self.root / "etc" / f"{NAME}.json").read_text())
        return settings

    def files(self) -> set[str]:
        """All files and folders that are there, and not from the beginning."""
        found = {str(path.relative_to(self.root)) for path in self.root.rglob("*")}
        return {path for path in found if not any(f"{f}/".startswith(f"{path}/") for f in FOLDERS)}

    def cron(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run what cron runs, with its environment."""
        lines = (self.root / "etc/cron.d" / NAME).read_text().splitlines()
        (when,) = [line for line in lines if line.startswith("17 ")]
        assert re.match(r"17 1,7,13,19 \* \* \* (root|nobody) ", when)
        variables = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]+=", line))
        words = [*when.split()[6:], *arguments]
        environment = {**variables, "HOME": str(self.root.parent), "SHELL": "/bin/sh"}
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def log(self) -> str:
        """What runs have printed."""
        return (self.root / "var/log" / f"{NAME}.log").read_text()


@contextlib.contextmanager
def controller_in(directory: Path) -> Iterator[Controller]:
    """One whose files are in a folder."""
    layout = Layout(find(), f"schedule-{os.getpid()}", "sqlite", Ports.choose())
    try:
        yield Controller(directory, Ansible(layout))
    finally:
        shutil.rmtree(layout.directory, ignore_errors=True)
