# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that the role ``renewal_schedule`` installs, with programs of the shell for playbooks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parents[3] / "roles" / "renewal_schedule" / "files" / "renewal.py"
WELL, FAILED, DANGER = 0, 1, 3
UNKNOWN = "no run has told yet how long the certificates last"
LONG_AGO, FAR_AWAY = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


def note(host: str, danger_from: str = FAR_AWAY, end: str | None = FAR_AWAY) -> str:
    """A command of the shell that notes what a playbook notes of one certificate of a host."""
    certificate = {"name": f"mail.{host}", "not_after": end, "danger_from": danger_from}
    text = json.dumps({"host": host, "certificates": [certificate]})
    return f"echo '{text}' >$VIRTUALHOSTS_RENEWAL_NOTES/{host}.json"


class Schedule:
    """A schedule's files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.state = directory / "state"
        self.state.mkdir()
        self.alert = directory / "alert"
        self.settings: dict[str, Any] = {
            "directory": str(directory),
            "environment": {"TOKEN": "sesame"},
            "timeout": 60,
            "state": str(self.state),
            "log": None,
            "alert": ["sh", "-c", f"cat >{self.alert}"],
        }

    def words(self, playbook: str, arguments: Sequence[str] = (), **settings: Any) -> list[str]:
        """The command that does a run."""
        file = self.directory / "schedule.json"
        file.write_text(
            json.dumps({**self.settings, "command": ["sh", "-c", playbook], **settings})
        )
        return [sys.executable, str(PROGRAM), *arguments, str(file)]

    def run(
        self, playbook: str = "true", *arguments: str, **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        """Do a run to its end."""
        words = self.words(playbook, arguments, **settings)
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
