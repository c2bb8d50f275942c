# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files of nginx that others have written, as a tree of directives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# As ngx_conf_read_token has it: a variable in braces belongs to its word, and a quote is one at its beginning only
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>\#[^\n]*)
    |(?P<mark>[;{}])
    |(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<word>(?:\\.?|\$\{|[^\s;{}\\"'])(?:\\.?|\$\{|[^\s;{\\])*)
    """,
    re.VERBOSE | re.DOTALL,
)
_FOREIGN_BLOCK = "_by_lua_block"


@dataclass(frozen=True)
class Directive:
    """One directive.

    :ivar words: its name and its arguments, without quotes
    :ivar line: where it begins
    :ivar text: all of it as it was written
    :ivar block: what is in its braces; ``None`` if it has none
    """

    words: tuple[str, ...]
    line: int
    text: str
    block: tuple[Directive, ...] | None = None

    @property
    def name(self) -> str:
        """Its first word."""
        return self.words[0]

    @property
    def meaning(self) -> tuple[Any, ...]:
        """What two directives have in common that nginx would not tell apart, however they are written."""
        if self.name.endswith(_FOREIGN_BLOCK):
            return (*self.words, self.text)
        block = None if self.block is None else tuple(each.meaning for each in self.block)
        return (self.words, block)

    def named(self, name: str) -> Iterator[Directive]:
        """Yield the directives of that name in its block."""
        return (each for each in self.block or () if each.name == name)


def parse(text: str) -> tuple[Directive, ...]:
    """Read a file.

    :raises ValueError: nginx would not take it, or another parser reads a part of it
    """
    return _Parser(text).read()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def read(self) -> tuple[Directive, ...]:
        found, end = self._directives()
        if end:
            raise ValueError(f"line {self._line(self._position)}: there is a }} too many")
        return found

    def _directives(self) -> tuple[tuple[Directive, ...], str]:
        """The directives up to the end of the block or of the text, and what ended them."""
        found: list[Directive] = []
        words: list[str] = []
        start = 0
        while True:
            kind, said, position = self._next()
            if kind in ("end", "mark") and not words:
                if kind == "end" or said == "}":
                    return tuple(found), said
                if said == ";":
                    continue
            if kind == "end" or (said == "}" and kind == "mark"):
                raise ValueError(f"line {self._line(start)}: the directive does not end")
            if kind != "mark":
                start = start if words else position
                words.append(said)
                continue
            block = None
            if said == "{":
                block = self._block(words, start)
            text = self._text[start : self._position]
            found.append(Directive(tuple(words), self._line(start), text, block))
            words = []

    def _block(self, words: list[str], start: int) -> tuple[Directive, ...]:
        if words and words[0].endswith(_FOREIGN_BLOCK):
            self._skip()
            return ()
        block, end = self._directives()
        if end != "}":
            raise ValueError(f"line {self._line(start)}: the {{ is not closed")
        return block

    def _skip(self) -> None:
        """Pass over what another parser than nginx's reads."""
        depth = 1
        while depth:
            if self._position >= len(self._text):
                raise ValueError("a { is not closed")
            depth += {"{": 1, "}": -1}.get(self._text[self._position], 0)
            self._position += 1

    def _next(self) -> tuple[str, str, int]:
        while self._position < len(self._text):
            match = _TOKEN.match(self._text, self._position)
            if match is None:
                raise ValueError(f"line {self._line(self._position)}: a quote is not closed")
            position, self._position = self._position, match.end()
            kind = match.lastgroup or ""
            if kind not in ("space", "comment"):
                said = match.group()
                return kind, said[1:-1] if kind == "quoted" else said, position
        return "end", "", self._position

    def _line(self, position: int) -> int:
        return self._text.count("\n", 0, position) + 1
