# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them: ansible-runner here sends a job to ansible-runner in an execution environment."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bed import environments, execution_environment
from bed.command import last_lines
from bed.errors import BedError
from bed.images import Images
from bed.prefix import Prefix
from bed.setup import locked

# AWX writes inventories as programs
INVENTORY = """\
#!/usr/bin/env python3
print({content!r})
"""
# What AWX sets for each job, among others
USUAL = {"ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_FORCE_COLOR": "False"}
# The last that a worker says
END = b'{"eof": true}'
TIMEOUT = 600


@dataclass(frozen=True)
class Job:
    """A finished job. ``stats`` is that of its last event, by kind and host."""

    status: str
    stdout: str
    events: str
    stats: dict[str, dict[str, int]]

    @property
    def changed(self) -> int:
        """How many tasks changed something, over all hosts."""
        return sum(self.stats.get("changed", {}).values())


class Runner:
    """Both ends of ansible-runner, and a project for all jobs.

    :param options: for ``podman run``
    """

    def __init__(self, prefix: Prefix, project: Path, options: Sequence[str] = ()) -> None:
        self._images = Images(prefix)
        self._image = execution_environment.build(prefix, self._images)
        with locked(prefix, "setup"):
            environments.install_runner(prefix)
        self._program = prefix.path / "venv" / "runner" / "bin" / "ansible-runner"
        self._project = project
        self._options = ["--network=host", *options]

    def run(
        self,
        playbook: str,
        inventory: Mapping[str, Any] | Path,
        *,
        environment: Mapping[str, str],
        files: Mapping[str, str],
        survey: Mapping[str, str],
        arguments: str = "",
    ) -> Job:
        """Run a playbook of the project to its end.

        :param inventory: as ``ansible-inventory --list`` prints it, or a file
        :param files: name → content, of credentials; they are in ``/runner/env``
        """
        folder = self._project.parent / uuid.uuid4().hex
        shutil.copytree(self._project, folder / "project")
        (folder / "env").mkdir()
        (folder / "inventory").mkdir()
        settings = {
            "envvars": json.dumps({**USUAL, **environment}),
            "extravars": json.dumps(dict(survey)),
            "cmdline": arguments,
            **files,
        }
        for name, content in settings.items():
            (folder / "env" / name).write_text(content)
        if isinstance(inventory, Path):
            (folder / "inventory" / inventory.name).write_text(inventory.read_text())
        else:
            script = folder / "inventory" / "hosts"
            script.write_text(INVENTORY.format(content=json.dumps(inventory)))
            script.chmod(0o700)
        sent = self._runner("transmit", str(folder), "--playbook", playbook)
        worker = ["ansible-runner", "worker", "--private-data-dir=/runner"]
        done = self._images.pipe(self._options, self._image, worker, sent)
        # It ends as the job did, so only its answer tells whether there was one
        if END not in done.stdout:
            raise BedError(f"No job was run: {last_lines(done.stderr.decode(errors='replace'))}")
        result = folder / "result"
        result.mkdir()
        self._runner("process", str(result), data=done.stdout)
        return _job(result)

    def _runner(self, *words: str, data: bytes = b"") -> bytes:
        done = subprocess.run(
            [self._program, *words], input=data, capture_output=True, timeout=TIMEOUT, check=False
        )
        # `process` ends as the job did, too
        if words[0] == "transmit" and done.returncode:
            raise BedError(f"No job was sent: {last_lines(done.stderr.decode(errors='replace'))}")
        return done.stdout


def _job(result: Path) -> Job:
    (artifacts,) = (path.parent for path in result.rglob("status"))
    events = [path.read_text() for path in sorted(artifacts.glob("job_events/*.json"))]
    last = [event for event in map(json.loads, events) if event["event"] == "playbook_on_stats"]
    return Job(
        status=(artifacts / "status").read_text(),
        stdout=(artifacts / "stdout").read_text(),
        events="\n".join(events),
        stats=last[-1]["event_data"] if last else {},
    )
