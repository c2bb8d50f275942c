# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the disk and nginx have, looked at from outside, and what a run came to."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from integration.front_end import FrontEnd


def errors(outcome: Outcome) -> dict[str, str]:
    """Host → error, for those that failed."""
    return {item["name"]: item["error"] for item in outcome.results if item["failed"]}


def changed(outcome: Outcome) -> list[str]:
    """The hosts of which something changed."""
    return [item["name"] for item in outcome.results if item["changed"]]


def prediction(outcome: Outcome) -> tuple[Any, ...]:
    """What check mode has to tell exactly: all but the certificate that is still to be served."""
    hosts = [
        {key: value for key, value in item.items() if key != "served"} for item in outcome.results
    ]
    asked_for = (hosts, outcome.catch_all, outcome.diff)
    return *asked_for, outcome.reloaded, outcome.recovered, outcome.warnings


def stamps(front_end: FrontEnd) -> dict[str, tuple[Any, ...]]:
    """Every file and link with its content, its inode, its mode, and the time of its last change."""
    found = {}
    for path in _entries(front_end):
        status = path.lstat()
        content = path.readlink() if path.is_symlink() else path.read_bytes()
        found[str(path)] = (content, status.st_ino, status.st_mode, status.st_mtime_ns)
    return found


def hidden(front_end: FrontEnd) -> list[str]:
    """What runs leave to themselves."""
    return [path.name for path in _entries(front_end) if path.name.startswith(".")]


def is_sound(front_end: FrontEnd) -> bool:
    """Whether nginx could start with what is on disk."""
    tested = subprocess.run(
        [
            *(front_end.binary, "-p", front_end.directory, "-c", front_end.config),
            *("-e", front_end.directory / "error.log", "-t"),
        ],
        capture_output=True,
        check=False,
    )
    return tested.returncode == 0


def _entries(front_end: FrontEnd) -> Iterator[Path]:
    for folder in (front_end.available, front_end.enabled):
        yield from sorted(folder.iterdir())
