# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server blocks and the links to them: read as they are, put back as they were."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.files import replace_link, write_file


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


def put(path: Path, content: bytes | None) -> None:
    """Make a file contain this; None means that there is no file.

    :raises OSError: it cannot be written or removed
    """
    if content is not None:
        write_file(path, content, 0o644)
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
