# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives that an operator adds to a server block: syntax on purpose, but complete in itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.values import (
    ValueRefusedError,
)

_SPACE = " \t\r\n"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Their content is read by another parser than nginx's
_FOREIGN_BLOCK = "_by_lua_block"
# Whom a block is for is not the snippet's to say: it could take over somebody else's name
_NOT_HERE = {
    "server_name": "name further hostnames in the option names",
    "listen": "that is for listen_addresses, http_port and https_port to say",
}


class Snippet(str):
    """Directives that were checked: the one kind of value that may be syntax in a server block."""

    __slots__ = ()


NO_SNIPPET = Snippet()


def snippet(option: str, text: str) -> Snippet:
    """Accept complete directives with balanced braces and quotes.

    Such a text cannot end the server block that it is put into, nor say whom that is for. What the
    directives mean otherwise is for nginx to judge.

    :param option: the option the text was given with, for the message
    :raises ValueRefusedError: it is anything else; the text names the line
    """
    try:
        _read(text)
    except _UnfitError as error:
        raise ValueRefusedError(f"{option}, line {error.line}: {error}") from error
    # The end of a comment on the last line must not be what follows
    return Snippet(text if text.endswith("\n") or not text else f"{text}\n")


class _UnfitError(Exception):
    """Something is not complete, not readable, or not for a snippet."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


# Hundreds of hosts have the same one as a rule
@lru_cache(maxsize=64)
def _read(text: str) -> None:
    """Read all of it.

    :raises _UnfitError: it cannot be read, or something is missing at the end
    """
    found = _CONTROL.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise _UnfitError("there is a control character", line)
    reader = _Reader()
    for character in text:
        reader.read(character)
    reader.end()


@dataclass
class _Reader:
    """Reads as nginx does (ngx_conf_read_token), character by character."""

    line: int = 1
    word: str = ""
    """What was read of a word"""
    words: int = 0
    """The words of the directive so far"""
    started: int = 0
    """The line of the directive's first word"""
    blocks: list[int] = field(default_factory=list)
    """The lines on which the blocks around begin"""
    in_word: bool = False
    quote: str = ""
    """The quote that ends the word; empty without"""
    escaped: bool = False
    variable: bool = False
    """After a dollar sign, where a brace is part of the word"""
    comment: bool = False
    after_quote: bool = False

    def read(self, character: str) -> None:
        """Take one character."""
        if self.comment:
            self.comment = character != "\n"
        elif self.escaped:
            self.escaped = False
            self.word += character
        elif self.after_quote:
            self._separate(character)
        elif self.in_word:
            self._continue(character)
        else:
            self._begin(character)
        self.line += character == "\n"

    def end(self) -> None:
        """There is no more.

        :raises _UnfitError: something is not complete
        """
        if self.quote:
            raise _UnfitError(f"a {self.quote} is not closed", self.started)
        if self.words or self.in_word:
            raise _UnfitError("the directive does not end; is a ; missing?", self.started)
        if self.blocks:
            raise _UnfitError("the { is not closed", self.blocks[-1])

    def _begin(self, character: str) -> None:
        """Between words."""
        if character in _SPACE:
            return
        if character == "#":
            self.comment = True
            return
        if character in ";{}":
            self._punctuate(character)
            return
        self.in_word, self.word = True, ""
        if not self.words:
            self.started = self.line
        if character in "\"'":
            self.quote = character
            return
        self._escape_or_keep(character)

    def _continue(self, character: str) -> None:
        """Within a word. Braces that close, and number signs, are nothing special there."""
        if character == "{" and self.variable:
            self.word += character
        elif self.quote:
            if character == self.quote:
                self.quote, self.after_quote, self.variable = "", True, False
                self._end_word()
            else:
                self._escape_or_keep(character)
        elif character in _SPACE:
            self._end_word()
        elif character in ";{":
            self._end_word()
            self._punctuate(character)
        else:
            self._escape_or_keep(character)

    def _escape_or_keep(self, character: str) -> None:
        self.escaped = character == "\\"
        self.variable = character == "$"
        self.word += character

    def _separate(self, character: str) -> None:
        """After a quoted word, which no other may follow at once."""
        self.after_quote = False
        if character in ";{":
            self._punctuate(character)
        elif character == ")":
            self._begin(character)
        elif character not in _SPACE:
            raise _UnfitError(f"unexpected {character!r} after a quoted value", self.line)

    def _end_word(self) -> None:
        if self.words == 0:
            self._check_name()
        self.in_word = self.variable = False
        self.words += 1

    def _check_name(self) -> None:
        """Of a directive, at its first word."""
        if self.word.endswith(_FOREIGN_BLOCK):
            raise _UnfitError(f"{self.word} cannot be checked; use the form with a file", self.line)
        if self.word in _NOT_HERE and not self.blocks:
            raise _UnfitError(
                f"{self.word} cannot be in a snippet; {_NOT_HERE[self.word]}", self.started
            )

    def _punctuate(self, character: str) -> None:
        if character == "}":
            if self.words:
                raise _UnfitError("unexpected }; is a ; missing before?", self.line)
            if not self.blocks:
                raise _UnfitError("there is a } too many", self.line)
            self.blocks.pop()
            return
        if not self.words:
            raise _UnfitError(f"unexpected {character}", self.line)
        if character == "{":
            self.blocks.append(self.line)
        self.words = 0
