# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process is about to do, as Python's audit events tell it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from typing import Any

# Audit events of changes, with the position of the path in their arguments
CHANGES = {
    "os.rename": 1,
    "os.remove": 0,
    "os.mkdir": 0,
    "os.rmdir": 0,
    "os.link": 1,
    "os.symlink": 1,
    "os.chmod": 0,
    "os.chown": 0,
    "os.truncate": 0,
    "os.utime": 0,
}
REQUEST = "http.client.send"
PROGRAM = "subprocess.Popen"
CONNECTION = "socket.connect"
SIGNAL = "os.kill"

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_REQUEST_LINE = re.compile(rb"([A-Z]+ \S+) HTTP/1")


class Audited:
    """Chooses events, and puts them into words."""

    def __init__(self, folders: Iterable[str], others: Collection[str] = ()) -> None:
        """Choose.

        :param folders: changes of files below them count
        :param others: events of other kinds that count
        """
        self._folders = tuple(folders)
        self._others = others

    def words(self, event: str, arguments: tuple[Any, ...]) -> str:
        """Say what is about to be done; nothing if it does not count."""
        if event == "open":
            path, _mode, flags = arguments
            writes = isinstance(flags, int) and flags & _WRITES
            return f"open {path}" if writes and self._below(path) else ""
        if event in CHANGES:
            path = arguments[CHANGES[event]]
            return f"{event} {path}" if self._is_change(path) else ""
        if event not in self._others:
            return ""
        if event == REQUEST:
            data = arguments[1]
            line = _REQUEST_LINE.match(data) if isinstance(data, bytes) else None
            return line[1].decode() if line else ""
        return f"{event} {arguments[1:]}"

    def _is_change(self, path: object) -> bool:
        # A number is an open file, a relative path one that is removed with its folder
        return (
            isinstance(path, int) or self._below(path) or not os.fsdecode(str(path)).startswith("/")
        )

    def _below(self, path: object) -> bool:
        return isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith(
            self._folders
        )
