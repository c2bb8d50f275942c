# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance's settings.py: one setting read, written as one line, removed; the rest stays, byte for byte.

The file is read as Python reads it, and never run. What is written has been compiled before it
takes the old file's place.
"""

from __future__ import annotations

import ast
import io
import os
import tokenize
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.open_directory import (
    OpenDirectory,
    StoredFile,
)


@dataclass(frozen=True)
class SettingsFile:
    """The text of a settings.py, and how it lies on the disk."""

    path: Path
    text: str
    encoding: str
    stored: StoredFile = field(repr=False)
    """What was read, however the text changes."""

    @classmethod
    def read(cls, path: str) -> SettingsFile:
        """Read a file; a symbolic link is followed, and stays one when the file is replaced.

        :raises FileError: it cannot be read, or is no Python
        """
        real = Path(os.path.realpath(path))
        try:
            with OpenDirectory(real.parent) as directory:
                stored = directory.read(real.name)
        except OSError as error:
            raise errors.FileError(f"settings_file, {path}: {error.strerror}") from None
        try:
            encoding, _lines = tokenize.detect_encoding(io.BytesIO(stored.content).readline)
            file = cls(real, stored.content.decode(encoding), encoding, stored)
        except (SyntaxError, UnicodeDecodeError):
            raise errors.FileError(f"settings_file, {path}: this is no Python source") from None
        with _understandable(f"{path} is broken already, nothing was changed"):
            file.statements()
        return file

    def value(self, name: str) -> str:
        """The text that a setting has; empty if it is not set, or not as a plain text.

        :raises FileError: it is set in a way that cannot be told from here
        """
        found = self.assignments(name)
        last = found[-1].value if found else None
        return last.value if isinstance(last, ast.Constant) and isinstance(last.value, str) else ""

    def count(self, name: str) -> int:
        """How often a setting is set.

        :raises FileError: it is set in a way that cannot be told from here
        """
        return len(self.assignments(name))

    def with_value(self, name: str, value: str) -> SettingsFile:
        """The file with a setting on exactly one line, where it was first, else at the end.

        :param value: without blanks around it, which do not count
        :raises FileError: there is no safe way to write it
        """
        line = f"{name} = {value!a}"
        found = self.assignments(name)
        if len(found) == 1 and self.value(name).strip() == value:
            return self
        if not found:
            end = "\r\n" if "\r\n" in self.text else "\n"
            start = "" if not self.text or self.text.endswith(("\n", "\r")) else end
            changed = replace(self, text=f"{self.text}{start}{line}{end}")
        else:
            lines = self._lines()
            # From the end, so that the places of those before stay right
            for extra in reversed(found[1:]):
                _remove(lines, extra, self.path)
            _replace(lines, found[0], line.encode())
            changed = self._of(lines)
        return changed._checked(name, [value])

    def without(self, name: str) -> SettingsFile:
        """The file without a setting.

        :raises FileError: there is no safe way to remove it
        """
        found = self.assignments(name)
        if not found:
            return self
        for node in ast.walk(self.statements()):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                raise self.objection(node.lineno, f"{name} is used there, so it cannot be removed")
        lines = self._lines()
        for statement in reversed(found):
            _remove(lines, statement, self.path)
        return self._of(lines)._checked(name, [])

    def write(self, *, backup: bool = False) -> str | None:
        """Replace the file as a whole, with the mode, owner and attributes that it has.

        :param backup: whether a copy of the old one stays beside it
        :returns: the copy's path
        :raises FileError: nothing was changed
        """
        try:
            with OpenDirectory(self.path.parent) as directory:
                # Also when the path leads elsewhere by now: that may be somebody's trick
                if directory.read(self.path.name) != self.stored:
                    raise errors.FileError(
                        f"settings_file, {self.path}: somebody else has changed it just now;"
                        " nothing was changed, run again"
                    )
                content = self.text.encode(self.encoding)
                copy = directory.replace(self.stored, content, backup=backup)
        except OSError as error:
            raise errors.FileError(f"settings_file, {self.path}: {error.strerror}") from None
        return str(self.path.with_name(copy)) if copy else None

    def assignments(self, name: str) -> list[ast.Assign]:
        """The plain assignments to a name, in order.

        :raises FileError: the name is bound in any other way
        """
        module = self.statements()
        plain = [
            each for each in module.body if isinstance(each, ast.Assign) and _is_plain(each, name)
        ]
        targets = [each.targets[0] for each in plain]
        for node in ast.walk(module):
            if _binds(node, name) and node not in targets:
                line = getattr(node, "lineno", 0)
                raise self.objection(
                    line, f"write {name} there as an assignment of its own, or take it away"
                )
        return plain

    def statements(self) -> ast.Module:
        """What Python reads in it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(self.text, str(self.path), "exec", dont_inherit=True)
            return ast.parse(self.text)

    def objection(self, line: int, what: str) -> errors.FileError:
        """An error about a line, for the caller to raise."""
        return errors.FileError(f"{self.path}, line {line}: {what}; nothing was changed")

    def _checked(self, name: str, values: list[str]) -> SettingsFile:
        """This file, once it is certain that Python reads it as meant.

        :raises FileError: it does not
        """
        with _understandable(f"{self.path} would be broken, nothing was changed"):
            found = [ast.literal_eval(each.value) for each in self.assignments(name)]
        if found != values:
            raise errors.FileError(f"{self.path}: {name} cannot be written there safely")
        return self

    def _lines(self) -> list[bytes]:
        # Bytes, since that is what ast counts columns in, and since they know no exotic line ends
        return self.text.encode().splitlines(keepends=True)

    def _of(self, lines: list[bytes]) -> SettingsFile:
        return replace(self, text=b"".join(lines).decode())


@contextmanager
def _understandable(words: str) -> Iterator[None]:
    """Turn what Python says of a source into an error, without the source: it has secrets."""
    try:
        yield
    except SyntaxError as error:
        raise errors.FileError(f"{words}: line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError):
        raise errors.FileError(f"{words}: this is no Python source") from None


def _is_plain(statement: ast.Assign, name: str) -> bool:
    target = statement.targets[0]
    return len(statement.targets) == 1 and isinstance(target, ast.Name) and target.id == name


def _binds(node: ast.AST, name: str) -> bool:
    """Whether something in a source gives a name a value, or takes it away."""
    if isinstance(node, ast.Name):
        return node.id == name and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.alias):
        return (node.asname or node.name) == name
    if isinstance(node, ast.Global):
        return name in node.names
    defines = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return isinstance(node, defines) and node.name == name


def _replace(lines: list[bytes], statement: ast.Assign, content: bytes) -> None:
    """Put something in a statement's place; a comment behind it stays."""
    first, last = _place(statement)
    before = lines[first][: statement.col_offset]
    after = lines[last][statement.end_col_offset or 0 :]
    lines[first : last + 1] = [before + content + after]


def _remove(lines: list[bytes], statement: ast.Assign, path: Path) -> None:
    """Remove a statement with its lines.

    :raises FileError: something else is on them
    """
    first, last = _place(statement)
    before = lines[first][: statement.col_offset].strip()
    after = lines[last][statement.end_col_offset or 0 :].strip()
    if before or (after and not after.startswith(b"#")):
        raise errors.FileError(
            f"{path}, line {statement.lineno}: more than one statement is there; put each on a"
            " line of its own; nothing was changed"
        )
    del lines[first : last + 1]


def _place(statement: ast.Assign) -> tuple[int, int]:
    return statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
