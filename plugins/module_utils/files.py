# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole or not there, with the right mode from their first byte.

A process that is killed at any moment leaves the old or the new, and at most a temporary file that
the next run removes.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# With a leading dot, so that nginx's "include sites-enabled/*" passes over them
_TEMPORARY = ".mailhost-new"
_KEPT = ".mailhost-old"


@dataclass(frozen=True)
class Ownership:
    """Owner and group for written files; -1 leaves what the operating system gives."""

    uid: int = -1
    gid: int = -1

    def apply(self, descriptor: int) -> None:
        """Set owner and group of an open file.

        :raises OSError: only root may give files away
        """
        if self.uid != -1 or self.gid != -1:
            os.fchown(descriptor, self.uid, self.gid)

    def fits(self, status: os.stat_result) -> bool:
        """Say whether a file with this status belongs to whom it should."""
        return self.uid in (-1, status.st_uid) and self.gid in (-1, status.st_gid)


NOBODY_IN_PARTICULAR = Ownership()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name a path in errors that come without one: the operating system knows open files by number.

    :raises OSError: the one of the block
    """
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = os.fspath(path)
        raise


def sync_directory(path: Path) -> None:
    """Make names in the directory last through a power failure.

    :raises OSError: the directory cannot be opened
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with naming(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(
    path: Path,
    content: bytes,
    mode: int,
    ownership: Ownership = NOBODY_IN_PARTICULAR,
    *,
    durable: bool = True,
) -> None:
    """Replace a file as a whole: readers see the old or the new content, never half of it.

    :param mode: of the file, from its first byte on, whatever the umask is
    :param durable: whether the content must outlast a power failure
    :raises OSError: nothing was changed
    """
    temporary = write_beside(path, content, mode, ownership, durable=durable)
    try:
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_beside(
    path: Path,
    content: bytes,
    mode: int,
    ownership: Ownership = NOBODY_IN_PARTICULAR,
    *,
    durable: bool = True,
) -> Path:
    """Write a temporary file that is to replace another one by its name.

    :param mode: of the file, from its first byte on, whatever the umask is
    :param durable: whether the content must outlast a power failure
    :returns: the temporary file; whoever asked for it renames or removes it
    :raises OSError: nothing is left
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_TEMPORARY}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with naming(temporary), os.fdopen(descriptor, "wb") as stream:
            ownership.apply(stream.fileno())
            os.fchmod(stream.fileno(), mode)
            stream.write(content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    return temporary


def kept(path: Path) -> Path:
    """Where a file or a link stays while something else has its name."""
    return path.with_name(f".{path.name}{_KEPT}")


def replace_link(path: Path, target: str) -> None:
    """Point a symbolic link elsewhere in one step; a plain file of that name is replaced.

    :raises OSError: nothing was changed
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_TEMPORARY}")
    temporary.symlink_to(target)
    try:
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def remove_leftovers(directory: Path, *, older_than: float = 0.0) -> None:
    """Remove the temporary files, and what was kept, that a killed run left.

    Call it with the directory's lock held, or give an age that no file in use has.

    :param older_than: younger files, in seconds, stay
    """
    for suffix in (_TEMPORARY, _KEPT):
        for path in directory.glob(f".*{suffix}"):
            with suppress(OSError):
                if not older_than or path.lstat().st_mtime < time.time() - older_than:
                    path.unlink()
