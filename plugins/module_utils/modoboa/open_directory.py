# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file replaced by root in a directory that somebody else owns, who may put anything there meanwhile.

Names are taken relative to the directory, which is held open, so that it does not matter what its
path leads to by then. No link is followed, new files are new, and owner, mode and attributes are
read from, and given to, open files.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

_TEMPORARY = ".mailhost-new"
_LEFT_OVER_SECONDS = 3600


@dataclass(frozen=True)
class StoredFile:
    """A file as it was read; equal to what is read later, unless it was changed or replaced."""

    name: str
    content: bytes = field(repr=False)
    identity: tuple[int, int]
    """Device and inode."""
    uid: int
    gid: int
    mode: int
    attributes: tuple[tuple[str, bytes], ...]
    """Access lists and labels."""

    def give_all_but_content(self, descriptor: int) -> None:
        """Make an open file like this one.

        :raises OSError: only root may give files away
        """
        os.fchown(descriptor, self.uid, self.gid)
        _set_attributes(descriptor, dict(self.attributes))
        os.fchmod(descriptor, self.mode)


class OpenDirectory:
    """A context in which a directory stays the same one."""

    def __init__(self, path: Path) -> None:
        """Open it.

        :raises OSError: it cannot be opened
        """
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        self._descriptor = os.open(path, flags)

    def __enter__(self) -> OpenDirectory:
        """Be the context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        os.close(self._descriptor)

    def read(self, name: str) -> StoredFile:
        """Read a file.

        :raises OSError: it cannot be read, or is no plain file
        """
        # Without waiting for whoever would write to a pipe of that name
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=self._descriptor)
        try:
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise OSError(errno.EINVAL, "this is no plain file")
                return StoredFile(
                    name,
                    stream.read(),
                    (status.st_dev, status.st_ino),
                    status.st_uid,
                    status.st_gid,
                    stat.S_IMODE(status.st_mode),
                    tuple(sorted(_attributes(descriptor).items())),
                )
        finally:
            os.close(descriptor)

    def replace(self, old: StoredFile, content: bytes, *, backup: bool = False) -> str | None:
        """Replace a file as a whole; all but its content stays.

        :param backup: whether to leave a copy of the old one beside it
        :returns: the copy's name, which nobody can foresee
        :raises OSError: nothing was changed
        """
        self._remove_leftovers(old.name)
        copy = f"{old.name}.{secrets.token_hex(4)}.{time.strftime('%Y-%m-%d@%H:%M:%S')}~"
        temporary = f".{old.name}.{secrets.token_hex(8)}{_TEMPORARY}"
        here = self._descriptor
        try:
            if backup:
                self._add(copy, old.content, old)
            self._add(temporary, content, old)
            os.replace(temporary, old.name, src_dir_fd=here, dst_dir_fd=here)
        except BaseException:
            for name in (copy, temporary):
                with suppress(OSError):
                    os.unlink(name, dir_fd=here)
            raise
        return copy if backup else None

    def _add(self, name: str, content: bytes, like: StoredFile) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o600, dir_fd=self._descriptor)
        with os.fdopen(descriptor, "wb") as stream:
            like.give_all_but_content(descriptor)
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)

    def _remove_leftovers(self, of: str) -> None:
        """Remove temporary files that a killed run left; younger ones may be in use."""
        for name in os.listdir(self._descriptor):  # noqa: PTH208 # it has no path
            if name.startswith(f".{of}.") and name.endswith(_TEMPORARY):
                with suppress(OSError):
                    status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
                    if status.st_mtime < time.time() - _LEFT_OVER_SECONDS:
                        os.unlink(name, dir_fd=self._descriptor)


def _attributes(descriptor: int) -> dict[str, bytes]:
    """Those that there are, if the file system has any."""
    found: dict[str, bytes] = {}
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(descriptor):
                with suppress(OSError):
                    found[name] = os.getxattr(descriptor, name)
    return found


def _set_attributes(descriptor: int, wanted: dict[str, bytes]) -> None:
    """Give a file these, as far as may be, and take others away: a directory hands on access lists."""
    for name in _attributes(descriptor).keys() - wanted.keys():
        with suppress(OSError):
            os.removexattr(descriptor, name)
    for name, value in wanted.items():
        with suppress(OSError):
            os.setxattr(descriptor, name, value)
