# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator has in snippets already, so that nobody misses it when a file by somebody else goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.configuration import (
    Directive,
    parse,
)

Level = tuple[tuple[str, ...], ...]
"""The words before the braces that a directive is in, the outermost first; empty at that of the server."""


class SnippetDirectives:
    """The directives of all snippets that go into one server block."""

    def __init__(self, snippets: Iterable[str] = ()) -> None:
        """Read them. What cannot be read says nothing, and nginx would refuse it."""
        self._said: set[tuple[Level, tuple[Any, ...]]] = set()
        for text in snippets:
            with suppress(ValueError):
                self._said.update(_every(parse(text), ()))

    def say(self, directive: Directive, level: Level = ()) -> bool:
        """Whether they have the same directive at the same level, or for more than that.

        A comment has none, and what is said of one location is said of no other.

        :param level: where it is in its server block
        """
        return any(
            (level[start:], directive.meaning) in self._said for start in range(len(level) + 1)
        )


def _every(
    directives: Iterable[Directive], level: Level
) -> Iterator[tuple[Level, tuple[Any, ...]]]:
    for directive in directives:
        yield level, directive.meaning
        yield from _every(directive.block or (), (*level, directive.words))
