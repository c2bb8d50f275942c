# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program has used: time, CPU and memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bed.command import last_lines

TIMEOUT = 900
REPORTER = Path(__file__).parent / "run_and_report.py"


class ProgramError(Exception):
    """A program that was measured has failed; the text has the end of what it wrote."""


@dataclass(frozen=True)
class Usage:
    """Of one program after the other.

    :ivar seconds: by the clock on the wall
    :ivar cpu: seconds, in user and kernel mode, children included
    :ivar memory: MiB; of the largest single process
    """

    seconds: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.seconds + other.seconds, self.cpu + other.cpu, max(self.memory, other.memory)
        )

    def times(self, factor: float) -> Usage:
        """Return what that many times the work would take."""
        return Usage(self.seconds * factor, self.cpu * factor, self.memory)

    def continued(self, later: Usage, factor: float) -> Usage:
        """Return this, and that many times what a later usage has more than it."""
        return Usage(
            self.seconds + (later.seconds - self.seconds) * factor,
            self.cpu + (later.cpu - self.cpu) * factor,
            max(self.memory, later.memory),
        )

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.cpu:.2f} s of CPU, {self.memory:.0f} MiB at most"


@dataclass(frozen=True)
class Program:
    """What to run and measure.

    :ivar log: gets whatever it writes; is emptied before
    """

    command: Sequence[str | Path]
    environment: Mapping[str, str]
    directory: Path
    log: Path


def measure(program: Program) -> Usage:
    """Run a program to its end.

    :raises ProgramError: it failed, or did not end in time
    """
    with started(program) as process:
        try:
            process.wait(TIMEOUT)
        except subprocess.TimeoutExpired as error:
            process.terminate()
            raise ProgramError(f"it did not end within {TIMEOUT} seconds") from error
    if process.returncode != 0:
        raise ended(program, process.returncode)
    return reported(program)


def ended(program: Program, code: int) -> ProgramError:
    """Return the error of a program that has ended when it should not have."""
    end = last_lines(program.log.read_text(errors="replace"))
    return ProgramError(f"it ended with {code}:\n{end}")


@contextmanager
def started(program: Program) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program during the block; afterwards :func:`reported` has its usage.

    It is waited for at the end of the block.
    """
    with (
        program.log.open("wb") as log,
        subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", str(REPORTER), str(_report(program))),
                *(str(part) for part in program.command),
            ],
            cwd=program.directory,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        yield process


def reported(program: Program) -> Usage:
    """Return what a program that has ended has used."""
    seconds, cpu, kibibytes = map(float, _report(program).read_text().split())
    return Usage(seconds, cpu, kibibytes / 1024)


def _report(program: Program) -> Path:
    return program.log.with_suffix(".usage")
