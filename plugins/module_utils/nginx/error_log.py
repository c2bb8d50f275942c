# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx's messages: what it says to people, and why it does not take a configuration, in its log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.listening import (
    without_comments,
)

_LEVELS = ("emerg", "alert", "crit", "error")
# As for people, or as in the log: Debian's nginx is built to log to the terminal at first
_MESSAGE = re.compile(
    r"(?:nginx: |[0-9/]{10} [0-9:]{8} )\[(?P<level>\w+)\] (?:[0-9]+#[0-9]+: )?(?P<text>.+)"
)
_BLOCK = re.compile(r"\{[^{}]*\}")
_DIRECTIVE = re.compile(r"(?<![^\s;{}])error_log\s+([^\s;]+)")
_ELSEWHERE = ("stderr", "syslog:", "memory:")
_LONGEST = 65536
_MOST = 3
_ADDRESS_IN_USE = (
    "Where that is 'Address already in use', another program has the port; or nginx itself has it,"
    " with listen directives for single addresses where there are some for all addresses now, or"
    " the other way round: then restart nginx once, or have listen_addresses name the same ones"
)


def errors_in(text: str, levels: tuple[str, ...] = _LEVELS) -> list[str]:
    """nginx's messages without what is the same in all of them, or different in every run."""
    messages = map(_MESSAGE.match, map(str.strip, text.splitlines()))
    found = [
        message.group("text")
        for message in messages
        if message is not None and message.group("level") in levels
    ]
    return list(dict.fromkeys(found))


class ErrorLog:
    """The log of the main configuration, as far as it is known, from a moment on."""

    def __init__(self, loaded: Mapping[str, str], prefix: str | None) -> None:
        """Begin.

        :param loaded: files that nginx reads, the main configuration first → their content
        :param prefix: where relative paths begin, if that is known
        """
        self._sizes = {path: _size(path) for path in _paths(loaded, prefix)}

    def explanation(self) -> str:
        """Why nginx did not take a configuration, in its own words if the log is known."""
        said: list[str] = []
        for path, size in self._sizes.items():
            said += errors_in(_read(path, size), ("emerg",))
        if not said:
            where = f" {', '.join(map(str, self._sizes))}" if self._sizes else ""
            return f"its error log{where} says why. {_ADDRESS_IN_USE}"
        text = "; ".join(said[:_MOST])
        return (
            f"it says: {text}. {_ADDRESS_IN_USE}"
            if "already in use" in text
            else f"it says: {text}"
        )


def _paths(loaded: Mapping[str, str], prefix: str | None) -> Iterator[Path]:
    main, nested = without_comments(next(iter(loaded.values()), "")), 1
    while nested:
        main, nested = _BLOCK.subn(";", main)
    for match in _DIRECTIVE.finditer(main):
        path = match.group(1).strip("\"'")
        if path.startswith("/"):
            yield Path(path)
        elif prefix is not None and not path.startswith(_ELSEWHERE):
            yield Path(prefix, path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read(path: Path, start: int) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(start)
            return stream.read(_LONGEST).decode("utf-8", "replace")
    except OSError:
        return ""
