# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole or not there, with the right mode from their first byte."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import AcmeError

_TEMPORARY = ".tmp"
_LOCK_PAUSE = 0.05
# more often than other holders remove the directory again, it is a link that leads nowhere
_VANISHED_AT_MOST = 10


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


def sync_directory(path: Path) -> None:
    """Make names in the directory last through a power failure.

    :raises OSError: the directory cannot be opened
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path, mode: int) -> None:
    """Create a directory and what is missing above it; one that exists keeps its mode.

    :param mode: of every directory created, whatever the umask is
    :raises OSError: it cannot be created
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_directory(path.parent, mode)
    # another thread may create it, or remove it again, at the same time
    with suppress(FileExistsError, FileNotFoundError):
        path.mkdir(mode)
        path.chmod(mode)


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
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_TEMPORARY}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            ownership.apply(stream.fileno())
            os.fchmod(stream.fileno(), mode)
            stream.write(content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_directory(
    path: Path,
    contents: Mapping[str, tuple[bytes, int]],
    directory_mode: int,
    ownership: Ownership = NOBODY_IN_PARTICULAR,
) -> None:
    """Write a new directory that nobody looks into yet, and make all of it last.

    First everything is written and then everything flushed, which costs a file system with a
    journal hardly more than a single file.

    :param contents: for each file its content and its mode from the first byte on
    :raises OSError: it cannot be written; what was is left behind
    """
    make_directory(path, directory_mode)
    with ExitStack() as stack:
        descriptors = []
        for name, (content, mode) in contents.items():
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            stream = stack.enter_context(os.fdopen(os.open(path / name, flags, 0o600), "wb"))
            ownership.apply(stream.fileno())
            os.fchmod(stream.fileno(), mode)
            stream.write(content)
            stream.flush()
            descriptors.append(stream.fileno())
        for descriptor in descriptors:
            os.fsync(descriptor)
    sync_directory(path)
    sync_directory(path.parent)


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


def remove_leftovers(directory: Path) -> None:
    """Remove the temporary files that a killed run left; call it with the directory's lock held."""
    for path in directory.glob(f".*{_TEMPORARY}"):
        with suppress(OSError):
            path.unlink()


@contextmanager
def locked(
    path: Path,
    directory_mode: int,
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold a lock that other processes and other threads respect; it ends with the process.

    The holder may delete the lock file and its directory: whoever waited for them then starts over
    on new ones.

    :param path: of the lock file, created when missing
    :param directory_mode: of directories created for it
    :param seconds: how long to wait for another holder
    :raises AcmeError: another holder kept it for that long
    :raises OSError: the lock file cannot be created
    """
    deadline = time.monotonic() + seconds
    vanished = 0
    while True:
        make_directory(path.parent, directory_mode)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            vanished += 1
            if vanished > _VANISHED_AT_MOST:
                raise
            continue
        try:
            if _take(descriptor) and _still_there(descriptor, path):
                yield
                return
        finally:
            os.close(descriptor)
        if time.monotonic() > deadline:
            raise AcmeError(
                f"another run has held {path} for {seconds:.0f} seconds. Wait for it to end, or"
                " end it if it hangs."
            )
        sleep(_LOCK_PAUSE)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _still_there(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
