# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules and playbooks with real Ansible, and get the results as data."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bed.errors import BedError
from bed.layout import Layout

CALLBACKS = Path(__file__).parent / "callback_plugins"
TIMEOUT = 900


@dataclass(frozen=True)
class TaskResult:
    """What one task did on one host. ``result`` is what ``register`` would give."""

    host: str
    task: str
    role: str
    action: str
    status: str
    result: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A finished ansible-playbook.

    ``stats`` has for each host the counts of the recap: ok, changed, failures, unreachable, skipped.
    """

    rc: int
    stdout: str
    stderr: str
    stats: dict[str, dict[str, int]]
    results: list[TaskResult] = field(default_factory=list)

    def task(self, name: str) -> list[TaskResult]:
        """The results of the tasks of that name."""
        return [result for result in self.results if result.task == name]

    @property
    def changed(self) -> int:
        """How many tasks changed something, over all hosts."""
        return sum(host["changed"] for host in self.stats.values())


class Ansible:
    """ansible-core of the controller's environment, with this checkout as the collection.

    ``environment`` may be replaced in whole by a test that runs another ansible-core.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._work = layout.directory / "ansible"
        self.bin: Path = layout.prefix.controller / "bin"

    def environment(self, results: Path | None = None) -> dict[str, str]:
        """Everything that Ansible reads: nothing of the user's home or configuration."""
        controller = self._layout.prefix.controller
        kept = {name: os.environ[name] for name in ("TERM", "TMPDIR") if name in os.environ}
        environment = {
            **kept,
            "PATH": f"{self.bin}:{controller / 'bin'}:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self._work),
            "LANG": "C.UTF-8",
            "ANSIBLE_HOME": str(self._work),
            "ANSIBLE_LOCAL_TEMP": str(self._work / "local"),
            "ANSIBLE_REMOTE_TEMP": str(self._work / "remote"),
            "ANSIBLE_COLLECTIONS_PATH": str(self._layout.prefix.collections),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_NOCOLOR": "True",
            # This machine runs modules with the controller's libraries, and without discovery
            "ANSIBLE_PYTHON_INTERPRETER": str(self._layout.prefix.python("controller")),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if results is not None:
            environment |= {
                "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
                "ANSIBLE_CALLBACKS_ENABLED": "bed_results",
                "BED_RESULTS": str(results),
            }
        return environment

    def run_module(
        self,
        module: str,
        args: Mapping[str, Any],
        check: bool = False,
        diff: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Run one module (its name without the collection's) on this machine.

        Returns what ``register`` would give: changed, failed, msg and the module's own values.
        """
        name = module if "." in module else f"mailhost.modoboa.{module}"
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [{"name": "The module", name: dict(args)}],
        }
        with self._folder() as folder:
            playbook = folder / "playbook.yml"
            # JSON is YAML
            playbook.write_text(json.dumps([play]))
            run = self.run_playbook(
                playbook, check=check, diff=diff, environment=environment, inventory="localhost,"
            )
        if not run.results:
            raise BedError(f"{name} gave no result:\n{run.stdout}\n{run.stderr}")
        result = run.results[-1].result
        return {"failed": run.results[-1].status == "failed", "changed": False, **result}

    def run_playbook(
        self,
        playbook: Path | str,
        inventory: Path | str | Mapping[str, Any] = "localhost,",
        extra_vars: Mapping[str, Any] | None = None,
        check: bool = False,
        diff: bool = False,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Run:
        """Run a playbook to its end, whether it fails or not. BedError if it cannot even be read.

        ``inventory`` is a path, a list of hosts with a comma, or the content of a YAML inventory.
        ``extra_vars`` travel in a file, so that no secret appears in the process list.
        """
        with self._folder() as folder:
            results = folder / "results.jsonl"
            (folder / "variables.json").write_text(json.dumps(dict(extra_vars or {})))
            command: list[str] = [
                *(str(self.bin / "ansible-playbook"), str(playbook)),
                *("--inventory", _inventory(inventory, folder)),
                *("--extra-vars", f"@{folder / 'variables.json'}"),
                *(["--check"] if check else []),
                *(["--diff"] if diff else []),
                *arguments,
            ]
            done = subprocess.run(
                command,
                env={**self.environment(results), **(environment or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
            if not results.exists():
                # It broke off before the first task: no test means that
                raise BedError(f"{command[0]} ended with {done.returncode}:\n{done.stderr}")
            lines = results.read_text().splitlines()
        entries = [json.loads(line) for line in lines]
        return Run(
            rc=done.returncode,
            stdout=done.stdout,
            stderr=done.stderr,
            stats=next((entry["stats"] for entry in entries if "stats" in entry), {}),
            results=[TaskResult(**entry) for entry in entries if "stats" not in entry],
        )

    def _folder(self) -> _Folder:
        self._work.mkdir(parents=True, exist_ok=True)
        return _Folder(self._work)


class _Folder:
    """A temporary folder as a Path."""

    def __init__(self, parent: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(dir=parent)

    def __enter__(self) -> Path:
        return Path(self._folder.__enter__())

    def __exit__(self, *error: Any) -> None:
        self._folder.cleanup()


def _inventory(inventory: Path | str | Mapping[str, Any], folder: Path) -> str:
    if isinstance(inventory, Mapping):
        file = folder / "inventory.yml"
        file.write_text(json.dumps(inventory))
        return str(file)
    return str(inventory)
