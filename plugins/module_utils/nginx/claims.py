# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server blocks by others claim a name, in which file, and with which certificate."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import is_ours
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.configuration import (
    Directive,
    parse,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError

# Their server blocks are for other things than web sites
_OTHER_SERVERS = ("stream", "mail", "upstream")
_PATTERN = "*?["


@dataclass(frozen=True)
class ServerBlock:
    """A server block by somebody else.

    :ivar directives: what is in it, with what it includes
    :ivar names: the names it claims; an empty one is every name that nobody has
    """

    file: str
    directive: Directive
    directives: tuple[Directive, ...]
    names: frozenset[str]

    def certificate(self, folder: str) -> tuple[str, str] | None:
        """The paths of its certificate and its key; None if it has none that is in a file.

        :param folder: what relative paths are relative to
        """
        paths = [
            next((each.words[1] for each in self.directives if each.name == name), "")
            for name in ("ssl_certificate", "ssl_certificate_key")
        ]
        if not all(paths) or any("$" in path or ":" in path for path in paths):
            return None
        return str(Path(folder, paths[0])), str(Path(folder, paths[1]))


@dataclass(frozen=True)
class Inclusion:
    """A file, or files, that another one includes.

    :ivar pattern: an absolute path
    """

    file: str
    line: int
    pattern: str

    @property
    def is_pattern(self) -> bool:
        """Whether it goes on working when one of the files has gone."""
        return any(character in self.pattern for character in _PATTERN)

    def matches(self, path: str) -> bool:
        """Whether it includes a file."""
        folder, name = os.path.split(path)
        pattern_folder, pattern = os.path.split(self.pattern)
        if name.startswith(".") and not pattern.startswith("."):
            return False
        return fnmatch.fnmatchcase(folder, pattern_folder) and fnmatch.fnmatchcase(name, pattern)


class Claims:
    """All that nginx reads."""

    def __init__(self, loaded: Mapping[str, str]) -> None:
        """Read it.

        :param loaded: files that nginx reads → their content, the main configuration first
        """
        self.main = next(iter(loaded), "")
        self.folder = str(Path(self.main).parent)
        self._trees: dict[str, tuple[Directive, ...]] = {}
        self._unknown: dict[str, tuple[str, str]] = {}
        for path, content in loaded.items():
            if is_ours(content):
                continue
            try:
                self._trees[path] = parse(content)
            except ValueError as error:
                # It may have code in another language, or be no server block at all
                self._trees[path] = ()
                self._unknown[path] = (content, str(error))
        self.inclusions = [
            Inclusion(path, directive.line, os.path.join(self.folder, directive.words[1]))  # noqa: PTH118 # normalises nothing
            for path, tree in self._trees.items()
            for directive in _every(tree)
            if directive.name == "include" and len(directive.words) > 1
        ]
        self.blocks = [block for path in self._trees for block in self._blocks(path)]
        self._files: dict[str, list[str]] = {}
        for block in self.blocks:
            for name in block.names:
                files = self._files.setdefault(name, [])
                if block.file not in files:
                    files.append(block.file)

    def files(self, names: Iterable[str]) -> list[str]:
        """The files with a block that claims one of the names."""
        found = [file for name in names for file in self._files.get(name, ())]
        return list(dict.fromkeys(found))

    def insist_on_understanding(self, names: Iterable[str]) -> None:
        """Make sure that no file that mentions one of the names is a riddle.

        :raises NginxError: one is
        """
        for path, (content, error) in self._unknown.items():
            if any(name in content for name in names):
                raise NginxError(
                    f"{path} cannot be understood, and may serve one of the names: {error}"
                )

    def blocks_of(self, file: str) -> list[ServerBlock]:
        """The server blocks in a file."""
        return [block for block in self.blocks if block.file == file]

    def tree(self, file: str) -> tuple[Directive, ...]:
        """What is in a file."""
        return self._trees[file]

    def certificate(self, name: str) -> tuple[str, str] | None:
        """The paths of the certificate and the key that a name is served with."""
        for file in self.files([name]):
            for block in self.blocks_of(file):
                found = block.certificate(self.folder) if name in block.names else None
                if found is not None:
                    return found
        return None

    def chains_beside(self, names: Collection[str]) -> list[str]:
        """The certificates of blocks that claim any name but these, sorted."""
        found = (
            block.certificate(self.folder)
            for block in self.blocks
            if not block.names.issubset(names)
        )
        return sorted({paths[0] for paths in found if paths})

    def _blocks(self, path: str) -> Iterator[ServerBlock]:
        for directive in _servers(self._trees[path]):
            directives = tuple(self._expanded(directive.block or (), {path}))
            names = {
                name
                for each in directives
                if each.name == "server_name"
                for word in each.words[1:]
                for name in _names(word)
            }
            yield ServerBlock(path, directive, directives, frozenset(names or {""}))

    def _expanded(
        self, directives: Iterable[Directive], seen: Collection[str]
    ) -> Iterator[Directive]:
        """The directives, and those of files that they include."""
        for directive in directives:
            yield directive
            if directive.name != "include" or len(directive.words) < 2:
                continue
            inclusion = Inclusion("", 0, os.path.join(self.folder, directive.words[1]))  # noqa: PTH118 # as above
            for path, tree in self._trees.items():
                if path not in seen and inclusion.matches(path):
                    yield from self._expanded(tree, {*seen, path})


def _names(word: str) -> tuple[str, ...]:
    """The names that an argument of server_name stands for, in lowercase."""
    word = word.lower()
    if word == "_":
        return ("",)
    # With a dot before it, a name stands for itself and for those below
    return (word[1:], f"*{word}") if word.startswith(".") else (word,)


def _servers(directives: Iterable[Directive]) -> Iterator[Directive]:
    for directive in directives:
        if directive.block is None or directive.name in _OTHER_SERVERS:
            continue
        if directive.name == "server":
            yield directive
        else:
            yield from _servers(directive.block)


def _every(directives: Iterable[Directive]) -> Iterator[Directive]:
    for directive in directives:
        yield directive
        yield from _every(directive.block or ())
