# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small file system of the test's own, which nobody else on the machine sees."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from bed import wait
from bed.command import run

# What a file takes at least
PAGE = 4096
PAGES = 256
FILES = 512
PATIENCE = 10


class Disk:
    """A file system in memory, in a mount namespace of its own. Only root may make one.

    It ends with the context. ``path`` leads there from outside of the namespace.
    """

    def __init__(self, mount_point: Path, *, pages: int = PAGES, files: int = FILES) -> None:
        """Mount it at an empty directory.

        :param pages: how many pages of files it holds
        :param files: how many files, directories and links
        """
        self._mount_point = mount_point
        self._pages, self._files = pages, files

    def __enter__(self) -> Self:
        self._keeper = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", "--"),
                *("unshare", "--mount", "--propagation", "private", "--", "sleep", "infinity"),
            ]
        )
        name = Path(f"/proc/{self._keeper.pid}/comm")
        wait.until(
            lambda: name.read_text() == "sleep\n", what="a mount namespace", timeout=PATIENCE
        )
        limits = _limits(self._pages, self._files)
        self._within("mount", "-t", "tmpfs", "-o", limits, "none", str(self._mount_point))
        self.path = Path(f"/proc/{self._keeper.pid}/root{self._mount_point}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._keeper.kill()
        self._keeper.wait()

    def leave_pages(self, pages: int) -> None:
        """Leave room for so many pages of files."""
        self._remount(_limits(self._used()[0] + pages, self._files))

    def leave_files(self, files: int) -> None:
        """Leave room for so many files, directories and links, however small."""
        self._remount(_limits(self._pages, self._used()[1] + files))

    def leave_nothing(self) -> None:
        """Leave no room for anything."""
        self._remount(_limits(*self._used()))

    def leave_all(self) -> None:
        """Leave as much room as there was at first."""
        self._remount(_limits(self._pages, self._files))

    def forbid_writing(self) -> None:
        """Make it read-only."""
        self._remount("ro")

    def allow_writing(self) -> None:
        """Make it writable again."""
        self._remount("rw")

    def _used(self) -> tuple[int, int]:
        status = os.statvfs(self.path)
        return status.f_blocks - status.f_bfree, status.f_files - status.f_ffree

    def _remount(self, options: str) -> None:
        self._within("mount", "-o", f"remount,{options}", str(self._mount_point))

    def _within(self, *command: str) -> None:
        keeper = ("nsenter", "--target", str(self._keeper.pid), "--mount", "--")
        run([*keeper, *command], purpose="changing a file system of the test's own")


def _limits(pages: int, files: int) -> str:
    return f"size={pages * PAGE},nr_inodes={files}"
