# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes that can be found, recognised and stopped, also by another process later."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bed.command import last_lines
from bed.errors import BedError

PATIENCE = 10.0


@dataclass(frozen=True)
class Identity:
    """A process for certain: the kernel reuses numbers, but not together with the start time."""

    name: str
    pid: int
    start_time: int

    def alive(self) -> bool:
        """Whether this very process is running (a zombie is not)."""
        found = _stat(self.pid)
        return found is not None and found.start_time == self.start_time and found.state != "Z"


def identify(name: str, pid: int) -> Identity | None:
    """The identity of the process with that number now, None if there is none."""
    found = _stat(pid)
    return Identity(name, pid, found.start_time) if found else None


@dataclass(frozen=True)
class Program:
    """What to start.

    ``directory`` becomes its working directory, which must lie in the instance: left-overs are
    recognised by it. ``user`` is a command before the command that changes the user.
    """

    name: str
    command: Sequence[str | Path]
    directory: Path
    log: Path
    environment: Mapping[str, str]
    user: Sequence[str] = ()


class Process:
    """A program that this process started."""

    def __init__(self, program: Program, *, outlives: bool) -> None:
        """Start it in a session of its own.

        Unless it ``outlives`` this process, the kernel ends it when this process dies, however that
        happens. (The kernel looks at the thread that started it: start programs in the main thread.)
        """
        self._log = program.log
        bound = [] if outlives else ["setpriv", "--pdeathsig", "TERM", "--"]
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as log:
            try:
                self._popen = subprocess.Popen(
                    # In this order: a change of the user would undo the bond
                    [*program.user, *bound, *(str(part) for part in program.command)],
                    cwd=program.directory,
                    env=dict(program.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except FileNotFoundError as error:
                raise BedError(
                    f"{program.name}: {error.filename} is not there. Run `make setup`."
                ) from error
        # It cannot be gone yet: a child that ended stays a zombie until it is reaped
        found = identify(program.name, self._popen.pid)
        assert found is not None
        self.identity = found

    def check(self) -> None:
        """Raise BedError with the end of its log if it has ended."""
        code = self._popen.poll()
        if code is not None:
            raise BedError(f"{self.identity.name} ended with {code}:\n{self.log_end()}")

    def log_end(self) -> str:
        """The last lines it wrote."""
        return last_lines(self._log.read_text(errors="replace"))

    def reap(self) -> None:
        """Collect it once it has been stopped, so that no zombie stays."""
        try:
            self._popen.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise BedError(
                f"{self.identity.name} (process {self._popen.pid}) does not end"
            ) from error


def stop(identities: Sequence[Identity], directory: Path) -> None:
    """Stop processes with all their children, the last started first.

    A process whose start time differs is somebody else's and left alone. Children that outlived
    their parent are recognised by its session and by working below ``directory``.
    """
    for identity in reversed(identities):
        _stop_one(identity, directory)


def _stop_one(identity: Identity, directory: Path) -> None:
    leader = _stat(identity.pid)
    if leader is not None and leader.start_time != identity.start_time:
        return
    if leader is not None and _end(identity.pid, signal.SIGTERM, PATIENCE):
        pass  # asked nicely, it ends its own children
    for pid in _session(identity.pid, directory):
        _end(pid, signal.SIGKILL, PATIENCE)


def _end(pid: int, number: signal.Signals, patience: float) -> bool:
    """Send a signal and wait for the end. A descriptor, so that it cannot hit a later process."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        signal.pidfd_send_signal(descriptor, number)
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(patience * 1000))
    except ProcessLookupError:
        return True
    finally:
        os.close(descriptor)


def _session(leader: int, directory: Path) -> list[int]:
    """Processes of a session that work below a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        stat = _stat(int(entry.name))
        if stat is None or stat.session != leader or stat.state == "Z":
            continue
        try:
            working = (entry / "cwd").readlink()
        except OSError:
            continue
        if working.is_relative_to(directory.resolve()):
            found.append(int(entry.name))
    return found


@dataclass(frozen=True)
class _Stat:
    state: str
    session: int
    start_time: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field, the name, may itself have parentheses and spaces: count from the last one.
    fields = text.rpartition(")")[2].split()
    return _Stat(state=fields[0], session=int(fields[3]), start_time=int(fields[19]))
