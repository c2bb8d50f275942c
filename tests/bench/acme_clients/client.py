# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all the clients have in common that are measured beside each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from bed.acme_bed import AcmeBed
from bench.measuring.usage import Program, ProgramError, Usage, measure


class Client(ABC):
    """A program that gets certificates: P-256, HTTP-01, files of its own for each name.

    :cvar title: names it in the figures
    :cvar slow: it takes seconds for each certificate, so that a few are enough to tell
    """

    title: str
    slow = False

    def __init__(self, bed: AcmeBed) -> None:
        self.bed = bed
        self.folder: Path = bed.directory / type(self).__name__.lower()
        self.log: Path = bed.logs / f"{type(self).__name__.lower()}.log"

    @abstractmethod
    def install(self) -> None:
        """Put it into the bed's folder.

        :raises BedError: it cannot be had
        """

    @abstractmethod
    def prepare(self) -> None:
        """Create what is not to be measured: the account, the configuration."""

    @abstractmethod
    def issue(self, names: list[str]) -> Usage:
        """Get a certificate for each name.

        :raises ProgramError: it failed
        """

    @abstractmethod
    def certificate(self, name: str) -> Path:
        """Return where it puts the certificate of a name."""

    def resolve(self, names: list[str]) -> None:
        """Let the CA find the names: at the bed's nginx, if the client does not answer itself."""
        self.bed.dns.add(*names)

    def check(self, names: list[str]) -> None:
        """Look whether every certificate is there.

        :raises ProgramError: some are not
        """
        missing = [name for name in names if not self.certificate(name).exists()]
        if missing:
            raise ProgramError(f"{len(missing)} of {len(names)} certificates are missing")

    @property
    def environment(self) -> dict[str, str]:
        """What it is to know of its surroundings: nothing of the caller's."""
        return {
            "PATH": f"{self.bed.layout.prefix.bin}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
        }

    def run(self, *command: str | Path) -> Usage:
        """Run a command in its folder.

        :raises ProgramError: it failed
        """
        return measure(Program(command, self.environment, self.folder, self.log))

    def run_for_each(self, names: list[str], *command: str | Path) -> Usage:
        """Run a command once for each name, which comes last.

        :raises ProgramError: it failed
        """
        total = Usage()
        for name in names:
            total += self.run(*command, name)
        return total
