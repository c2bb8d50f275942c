# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing and removing files so that a kill at any moment leaves the old or the new, whole."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

# Files with a leading dot are not matched by nginx's "include sites-enabled/*"
_SUFFIX = ".nginx_vhost-new"


def read(path: Path) -> bytes | None:
    """A file's content, or None if there is no such file.

    :raises OSError: it cannot be read
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def link_target(path: Path) -> str | None:
    """What a symbolic link says, or None if nothing is there.

    :raises OSError: something else is there, or it cannot be read
    """
    try:
        return os.readlink(path)  # noqa: PTH115 # Path would normalise what has to be put back as it was
    except FileNotFoundError:
        return None


def write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put a file in place, durably, with its mode from the first byte.

    :raises OSError: it cannot be written; what was there is still there
    """
    temporary = path.with_name(f".{path.name}{_SUFFIX}")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def put(path: Path, content: bytes | None) -> None:
    """Make a file contain this; None means that there is no file.

    :raises OSError: it cannot be written or removed
    """
    if content is not None:
        write(path, content)
        return
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def put_link(path: Path, target: str | None) -> None:
    """Make a symbolic link say this; None means that there is no link.

    :raises OSError: it cannot be made or removed
    """
    if link_target(path) == target:
        return
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    if target is not None:
        path.symlink_to(target)


def sync(directory: Path) -> None:
    """Make renames and links in a directory durable.

    :raises OSError: the directory cannot be opened or synced
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(directory: Path) -> None:
    """Remove what a killed run left half written."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(_SUFFIX):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)  # noqa: PTH108 # scandir is for speed
