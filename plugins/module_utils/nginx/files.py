# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server blocks and the links to them: read as they are, put back as they were."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.files import (
    NOBODY_IN_PARTICULAR,
    Ownership,
    kept,
    replace_link,
    write_beside,
    write_file,
)

_MODE = 0o644
# What a file system says that has no hard links, or no more of them
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


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


def put(
    path: Path,
    content: bytes | None,
    mode: int = _MODE,
    ownership: Ownership = NOBODY_IN_PARTICULAR,
) -> None:
    """Make a file contain this; None means that there is no file.

    :param mode: of a file that is written, as its ownership is
    :raises OSError: it cannot be written or removed
    """
    if content is not None:
        write_file(path, content, mode, ownership)
        return
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def put_link(path: Path, target: str | None) -> None:
    """Make a symbolic link say this; None means that there is no link.

    :raises OSError: it cannot be made or removed
    """
    if link_target(path) == target:
        return
    if target is not None:
        replace_link(path, target)
        return
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def stage(path: Path, content: bytes) -> Path:
    """Write, durably, what :func:`swap` is to put in a file's place.

    :returns: a file beside it that nginx does not read
    :raises OSError: it cannot be written
    """
    return write_beside(path, content, _MODE)


def swap(path: Path, staged: Path | None) -> None:
    """Put a staged file in a file's place, and keep what was there; None removes the file.

    :raises OSError: nothing was changed
    """
    if staged is None:
        set_aside(path)
        return
    try:
        os.link(path, kept(path))
    except FileNotFoundError:
        pass
    except OSError as error:
        # put_back then writes what was there, as after a power failure
        if error.errno not in _NO_LINKS:
            raise
    staged.replace(path)


def swap_link(path: Path, target: str) -> None:
    """Put a symbolic link in the place of a file or another link, which is kept.

    :raises OSError: nothing was changed
    """
    try:
        os.link(path, kept(path), follow_symlinks=False)
    except OSError as error:
        # put_back then writes what was there, as after a power failure
        if error.errno not in (*_NO_LINKS, errno.ENOENT):
            raise
    replace_link(path, target)


def set_aside(path: Path) -> None:
    """Remove a file or a link, but keep it.

    :raises OSError: nothing was changed
    """
    with contextlib.suppress(FileNotFoundError):
        path.replace(kept(path))


def put_back(
    path: Path,
    content: bytes | None,
    mode: int = _MODE,
    ownership: Ownership = NOBODY_IN_PARTICULAR,
) -> None:
    """Make a file what it was, down to its inode where it was kept: that takes no room on the disk.

    :param mode: of a file that has to be written, as its ownership is
    :raises OSError: it cannot be written or removed
    """
    if content is not None and read(kept(path)) == content:
        kept(path).replace(path)
    if read(path) != content:
        put(path, content, mode, ownership)
    forget(path)


def put_link_back(path: Path, target: str | None) -> None:
    """The same for a symbolic link.

    :raises OSError: it cannot be made or removed
    """
    if target is not None and link_target(kept(path)) == target:
        kept(path).replace(path)
    put_link(path, target)
    forget(path)


def forget(path: Path) -> None:
    """Keep what was there no longer.

    :raises OSError: it cannot be removed
    """
    # Two names of one file: renaming the one to the other leaves both
    with contextlib.suppress(FileNotFoundError):
        kept(path).unlink()
