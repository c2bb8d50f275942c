# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MODOBOA_APPS of a settings.py: an extension named at its end, or nowhere in the file.

Like the rest of settings.py it is read as Python reads it, and what is not about the extension
stays, byte for byte.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Union

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.settings_file import (
    SettingsFile,
)

SETTING = "MODOBOA_APPS"
_COMMENT = re.compile(rb"#[^\r\n]*")
_Sequence = Union[ast.Tuple, ast.List]


def names(file: SettingsFile) -> list[str]:
    """The applications that the setting names, in order.

    :raises FileError: the setting is not there, or cannot be told from here
    """
    elements = _sequence(file).elts
    return [each.value for each in elements if _is_name(each)]  # type: ignore[attr-defined]


def imports(file: SettingsFile, name: str) -> list[ast.stmt]:
    """The statements with which the file imports something of an application.

    Modoboa's deploy writes one for each extension that it is told of.
    """
    return [
        statement
        for statement in file.statements().body
        if any(_imports(node, name) for node in ast.walk(statement))
    ]


def with_name(file: SettingsFile, name: str) -> SettingsFile:
    """The file with an application at the end of the setting, unless it is in there already.

    :raises FileError: there is no safe way to write it
    """
    before = names(file)
    if name in before:
        return file
    sequence, content = _sequence(file), file.text.encode()
    offsets = _offsets(content)
    end = offsets[(sequence.end_lineno or 0) - 1] + (sequence.end_col_offset or 0) - 1
    if content[end : end + 1] not in (b")", b"]"):
        raise file.objection(sequence.lineno, f"put {SETTING} there into brackets")
    addition = repr(name).encode()
    if sequence.elts:
        last = _end(sequence.elts[-1], offsets)
        if b"," not in _COMMENT.sub(b"", content[last:end]):
            content = content[:last] + b"," + content[last:]
            end += 1
    line = content.rfind(b"\n", 0, end) + 1
    if content[line:end].strip() or not sequence.elts:
        # The bracket is on a line with something else
        blank = b"" if content[end - 1 : end] in (b"(", b"[", b" ") else b" "
        content = content[:end] + blank + addition + b"," + content[end:]
    else:
        at = len(content[:end].rstrip())
        at = content.index(b"\n", at) + 1
        ending = b"\r\n" if content[at - 2 : at] == b"\r\n" else b"\n"
        first = sequence.elts[0]
        before_first = content[offsets[first.lineno - 1] :][: first.col_offset]
        indent = b"    " if before_first.strip() else before_first
        content = content[:at] + indent + addition + b"," + ending + content[at:]
    return _checked(file, content, [*before, name])


def without_name(file: SettingsFile, name: str) -> SettingsFile:
    """The file without an application, and without the statements that import something of it.

    :raises FileError: there is no safe way to remove it
    """
    for statement in reversed(imports(file, name)):
        if not isinstance(statement, (ast.Try, ast.Import, ast.ImportFrom)):
            raise file.objection(statement.lineno, f"{name} is imported there; take that away")
        lines = file.text.encode().splitlines(keepends=True)
        first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
        if lines[first][: statement.col_offset].strip() or _shares_line(file, statement):
            raise file.objection(statement.lineno, "put each statement on a line of its own")
        del lines[first:last]
        file = _of(file, b"".join(lines))
    before = names(file)
    while name in names(file):
        content, sequence = file.text.encode(), _sequence(file)
        offsets = _offsets(content)
        element = next(e for e in sequence.elts if _is_name(e) and ast.literal_eval(e) == name)
        start, end = offsets[element.lineno - 1] + element.col_offset, _end(element, offsets)
        comma = re.match(rb"(?:\s|#[^\r\n]*\r?\n)*,", content[end:])
        end += comma.end() if comma else 0
        line = content.rfind(b"\n", 0, start) + 1
        rest = re.match(rb"[ \t]*(?:#[^\r\n]*)?\r?\n", content[end:])
        if rest and not content[line:start].strip():
            start, end = line, end + rest.end()
        else:
            end += len(content[end:]) - len(content[end:].lstrip(b" "))
        file = _of(file, content[:start] + content[end:])
    return _checked(file, file.text.encode(), [each for each in before if each != name])


def _sequence(file: SettingsFile) -> _Sequence:
    found = file.assignments(SETTING)
    if len(found) != 1:
        what = "there is no" if not found else "there is more than one"
        raise errors.FileError(f"{file.path}: {what} {SETTING}; is this Modoboa's settings.py?")
    value = found[0].value
    if not isinstance(value, (ast.Tuple, ast.List)):
        raise file.objection(found[0].lineno, f"write {SETTING} there as one list")
    return value


def _is_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _imports(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.ImportFrom):
        return not node.level and (node.module or "").partition(".")[0] == name
    return isinstance(node, ast.Import) and any(
        alias.name.partition(".")[0] == name for alias in node.names
    )


def _shares_line(file: SettingsFile, statement: ast.stmt) -> bool:
    return any(
        other is not statement
        and other.lineno <= (statement.end_lineno or 0)
        and (other.end_lineno or 0) >= statement.lineno
        and (other.lineno, other.col_offset) != (statement.lineno, statement.col_offset)
        for other in file.statements().body
    )


def _offsets(content: bytes) -> list[int]:
    """Where each line begins."""
    offsets = [0]
    for line in content.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    return offsets


def _end(node: ast.expr, offsets: list[int]) -> int:
    return offsets[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)


def _of(file: SettingsFile, content: bytes) -> SettingsFile:
    return replace(file, text=content.decode())


def _checked(file: SettingsFile, content: bytes, expected: list[str]) -> SettingsFile:
    """The changed file, once it is certain that Python reads it as meant.

    :raises FileError: it does not
    """
    changed = _of(file, content)
    try:
        found = names(changed)
    except SyntaxError:
        found = []
    if found != expected:
        raise errors.FileError(f"{file.path}: {SETTING} cannot be changed there safely")
    return changed
