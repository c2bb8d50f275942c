# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every bed has: a folder of its own, programs that are found again, and an end."""

from __future__ import annotations

import dataclasses
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bed import process, state, wait
from bed.command import last_lines
from bed.errors import BedError, NotInTimeError
from bed.layout import Layout
from bed.prefix import Prefix
from bed.process import Process, Program
from bed.setup import locked
from bed.state import State

PATIENCE = 60
# The lock on the folders of all beds
FOLDERS = "beds"
# Folders of finished test runs that stay for a look at their logs
KEPT = 3


class Instance(ABC):
    """Programs on loopback that belong together, started and stopped as one.

    Use it as a context manager, or call ``start`` and ``stop``. With ``keep`` it goes on when this
    process ends.
    """

    def __init__(self, layout: Layout, *, keep: bool) -> None:
        self.layout = layout
        self.instance: str = layout.instance
        self._keep = keep
        self._started: list[Process] = []
        self._state = State(
            database=layout.database,
            ports=layout.ports,
            owner=None if keep else process.identify("owner", os.getpid()),
        )

    @property
    def directory(self) -> Path:
        """Everything of this instance."""
        return self.layout.directory

    @property
    def logs(self) -> Path:
        """The logs of its programs."""
        return self.layout.logs

    @property
    def storage(self) -> Path:
        """Certificates and challenges."""
        return self.layout.storage

    @property
    def running(self) -> bool:
        """Whether it has been started completely and all of its programs are running."""
        return self._state.running()

    def start(self) -> Self:
        """Start everything afresh, after stopping what is left over of this instance.

        Raises BedError, with the end of the log of the program that failed; nothing is left running.
        Also when the instance belongs to another process that is running, which goes on undisturbed.
        """
        with locked(self.layout.prefix, FOLDERS):
            clean_up(self.layout.prefix)
            remove(self.layout.prefix, self.instance)
            # Private: it will have keys, tokens and passwords
            self.directory.mkdir(mode=0o700, parents=True)
            self.layout.logs.mkdir()
            # From here on others see whose it is
            self._save()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop all programs. Logs, certificates and the database stay for a look."""
        self._state.stop(self.directory)
        self._state = dataclasses.replace(self._state, processes=(), complete=False)
        for started in self._started:
            started.reap()
        self._started.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @abstractmethod
    def _start(self) -> None:
        """Start everything and wait until it answers."""

    def _stop_program(self, name: str) -> None:
        """Stop the programs of that name with their children; the others go on."""
        ending = [started for started in self._started if started.identity.name == name]
        process.stop([started.identity for started in ending], self.directory)
        for started in ending:
            started.reap()
            self._started.remove(started)
        left = tuple(started.identity for started in self._started)
        self._save(processes=left, complete=False)

    def _launch(self, program: Program) -> None:
        started = Process(program, outlives=self._keep)
        self._started.append(started)
        self._save(processes=(*self._state.processes, started.identity))

    def _await(self, name: str, ready: Callable[[], bool]) -> None:
        def probe() -> bool:
            for started in self._started:
                started.check()
            return ready()

        try:
            wait.until(probe, what=f"{name} answers", timeout=PATIENCE)
        except NotInTimeError as error:
            log = self._error_log(name)
            raise BedError(f"{error}\nThe end of its log:\n{log}") from error

    def _error_log(self, name: str) -> str:
        files = sorted(self.logs.glob(f"{name}*.log"))
        return last_lines("\n".join(file.read_text(errors="replace") for file in files))

    def _save(self, **changes: Any) -> None:
        self._state = dataclasses.replace(self._state, **changes)
        self._state.save(self.layout.directory)


def remove(prefix: Prefix, instance: str) -> None:
    """Stop what is left of an instance and remove its folder. Hold the lock on the folders.

    Raises BedError if another process that is running has it for its own use.
    """
    directory = prefix.run / instance
    found = state.load(directory)
    if found is not None:
        owner = found.owner
        if owner is not None and owner.pid != os.getpid() and owner.alive():
            raise BedError(
                f"The bed {instance!r} is in use by process {owner.pid}. Wait for that to end, or"
                " choose another name."
            )
        found.stop(directory)
    shutil.rmtree(directory, ignore_errors=True)


def clean_up(prefix: Prefix) -> None:
    """Stop the beds whose owner was killed before it could do so, and forget the older ones.

    Hold the lock on the folders: what is looked at here, another start may remove.
    """
    prefix.run.mkdir(exist_ok=True)
    left_over = []
    for directory in prefix.run.iterdir():
        found = state.load(directory)
        if found is not None and found.orphaned():
            if found.processes:
                found.stop(directory)
            left_over.append(directory)
    left_over.sort(key=lambda directory: directory.stat().st_mtime)
    for directory in left_over[:-KEPT]:
        shutil.rmtree(directory, ignore_errors=True)
