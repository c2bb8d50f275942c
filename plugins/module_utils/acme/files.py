# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories and locks of the storage."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ..files import NOBODY_IN_PARTICULAR, Ownership, sync_directory
from .errors import AcmeError

# What reading a path may answer when the tree is not what this collection wrote.
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR)
_LOCK_PAUSE = 0.05
# more often than other holders remove the directory again, it is a link that leads nowhere
_VANISHED_AT_MOST = 10


class File(NamedTuple):
    """A file that is there."""

    content: bytes
    status: os.stat_result


def read_if_there(path: Path) -> File | None:
    """Read a file, ``None`` if there is none: nothing at all, a directory, a link to nowhere.

    :raises OSError: it cannot be read
    """
    try:
        with path.open("rb") as stream:
            return File(stream.read(), os.fstat(stream.fileno()))
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise


def content_of(path: Path) -> bytes | None:
    """Return what is in a file, ``None`` if there is none.

    :raises OSError: it cannot be read
    """
    file = read_if_there(path)
    return file.content if file else None


def make_way(path: Path) -> None:
    """Move a directory aside from where a file is to be; what is in it stays for a look.

    :raises OSError: it cannot be moved
    """
    if path.is_dir() and not path.is_symlink():
        path.rename(path.with_name(f"{path.name}.{secrets.token_hex(4)}.set-aside"))


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
    :raises OSError: it cannot be written; nothing of it is left behind
    """
    make_directory(path, directory_mode)
    try:
        _write_contents(path, contents, ownership)
        sync_directory(path)
        sync_directory(path.parent)
    except OSError as error:
        # a full disk must not be filled up by one attempt after the other
        shutil.rmtree(path, ignore_errors=True)
        # the name of the directory may be another one in each attempt; the one above stays
        error.filename = os.fspath(path)
        raise


def _write_contents(
    path: Path, contents: Mapping[str, tuple[bytes, int]], ownership: Ownership
) -> None:
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
