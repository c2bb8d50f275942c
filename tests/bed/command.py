# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program to its end and say clearly when it failed."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bed.errors import BedError

LAST_LINES = 20


def last_lines(text: str) -> str:
    """The end of a log, indented for an error message."""
    lines = text.rstrip().splitlines()[-LAST_LINES:]
    return "\n".join(f"    {line}" for line in lines) or "    (nothing was written)"


def run(
    command: Sequence[str | Path],
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    purpose: str,
    timeout: float = 900,
) -> str:
    """Run ``command`` and return its standard output.

    Raises BedError with ``purpose`` and the last lines of what it wrote when it fails.
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise BedError(f"{purpose}: {command[0]} is not there") from error
    except subprocess.TimeoutExpired as error:
        raise BedError(f"{purpose}: not finished after {timeout:.0f} seconds") from error
    if done.returncode != 0:
        raise BedError(
            f"{purpose}: {command[0]} ended with {done.returncode}:\n"
            + last_lines(done.stdout + done.stderr)
        )
    return done.stdout
