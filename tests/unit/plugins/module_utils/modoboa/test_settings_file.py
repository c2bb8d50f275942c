# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""settings.py: one line changed, everything else as it was, or nothing at all."""

from __future__ import annotations

import errno
import os
import runpy
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.settings_file import (
    SettingsFile,
)

NAME = "MODOBOA_PRO_LICENSE_KEY"
Change = Callable[[str], str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.py"


@pytest.fixture
def with_key(path: Path) -> Change:
    """Writes a key into a text, and makes sure that it is settled."""

    def change(text: str) -> str:
        path.write_bytes(text.encode())
        SettingsFile.read(str(path)).with_value(NAME, "new-key").write()
        file = SettingsFile.read(str(path))
        assert (file.value(NAME), file.count(NAME)) == ("new-key", 1)
        assert file.with_value(NAME, "new-key") is file
        return path.read_bytes().decode()

    return change


@pytest.fixture
def without_key(path: Path) -> Change:
    """Takes the key out of a text."""

    def change(text: str) -> str:
        path.write_bytes(text.encode())
        SettingsFile.read(str(path)).without(NAME).write()
        file = SettingsFile.read(str(path))
        assert file.count(NAME) == 0
        assert file.without(NAME) is file
        return path.read_bytes().decode()

    return change


LINE = f"{NAME} = 'new-key'"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{LINE}\n"),
        ("A = 1\n", f"A = 1\n{LINE}\n"),
        ("A = 1", f"A = 1\n{LINE}\n"),
        ("A = 1\r\n", f"A = 1\r\n{LINE}\r\n"),
        # In its place, with the comment behind it
        (f'{NAME} = "old"  # ours\nB = 2\n', f"{LINE}  # ours\nB = 2\n"),
        (f"{NAME} = (\n    'old'\n    'er'\n)\r\nB = 2\r\n", f"{LINE}\r\nB = 2\r\n"),
        (f"A = 1; {NAME} = ''; B = 2\n", f"A = 1; {LINE}; B = 2\n"),
        (f"{NAME} = os.environ['KEY']\n", f"{LINE}\n"),
        (f"{NAME} = None\n", f"{LINE}\n"),
        # Once
        (f"{NAME} = 'a'\nA = 1\n{NAME} = 'b'  # newer\nB = 2\n", f"{LINE}\nA = 1\nB = 2\n"),
        (f"{NAME} = 'new-key'\n{NAME} = 'new-key'", f"{LINE}\n"),
        # Which only look like it
        (f"# {NAME} = 'old'\nX{NAME} = 1\n", f"# {NAME} = 'old'\nX{NAME} = 1\n{LINE}\n"),
        (f"A = '''\n{NAME} = 1\n'''\n", f"A = '''\n{NAME} = 1\n'''\n{LINE}\n"),
        # Lines end where Python says so; columns are those of Python, too
        (f"A = 'ä\x0b\u2028'; {NAME} = 'ö'\n", f"A = 'ä\x0b\u2028'; {LINE}\n"),
        ("A = 1\\\n", None),
    ],
)
def test_written(path: Path, with_key: Change, before: str, after: str | None) -> None:
    if after is None:
        path.write_text(before)
        with pytest.raises(errors.FileError):
            SettingsFile.read(str(path)).with_value(NAME, "new-key")
        return
    assert with_key(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"A = 1\n{NAME} = 'old'  # ours\nB = 2\n", "A = 1\nB = 2\n"),
        (f"{NAME} = (\n'old'\n)\r\n{NAME} = 1\r\nB = 2", "B = 2"),
        (f"    \n{NAME} = ''", "    \n"),
        (f"A = '{NAME}'\n", f"A = '{NAME}'\n"),
    ],
)
def test_removed(without_key: Change, before: str, after: str) -> None:
    assert without_key(before) == after


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"if True:\n    {NAME} = 1\n", "line 2: write"),
        (f"A = {NAME} = 1\n", "line 1: write"),
        (f"{NAME}: str = ''\n", "line 1: write"),
        (f"{NAME}, A = 1, 2\n", "line 1: write"),
        (f"{NAME} = ''\n{NAME} += 'x'\n", "line 2: write"),
        (f"{NAME} = ''\ndel {NAME}\n", "line 2: write"),
        (f"from secret import key as {NAME}\n", "write"),
        (f"def {NAME}():\n    pass\n", "line 1: write"),
        (f"def f():\n    global {NAME}\n", "line 2: write"),
        (f"{NAME} = 1\nA = 2; {NAME} = 3\n", "line 2: more than one statement"),
    ],
)
def test_what_cannot_be_changed_safely_is_an_error(path: Path, text: str, words: str) -> None:
    path.write_text(text)
    with pytest.raises(errors.FileError, match=words):
        SettingsFile.read(str(path)).with_value(NAME, "new-key")
    assert path.read_text() == text


def test_setting_that_is_used_is_not_removed(path: Path) -> None:
    path.write_text(f"{NAME} = 'x'\nHAS_KEY = bool({NAME})\n")
    with pytest.raises(errors.FileError, match=r"line 2: .* used there"):
        SettingsFile.read(str(path)).without(NAME)


@pytest.mark.parametrize("key", ["it's", 'say "hi"', "back\\slash", "{x}%s", "schlüssel", "'''"])
def test_any_key_is_read_as_it_was_written(path: Path, key: str) -> None:
    path.write_bytes("# -*- coding: latin-1 -*-\nA = 'ä'\n".encode("latin-1"))
    SettingsFile.read(str(path)).with_value(NAME, key).write()
    values = runpy.run_path(str(path))
    assert (values[NAME], values["A"]) == (key, "ä")


def test_byte_order_mark_stays(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfA = 1\n")
    SettingsFile.read(str(path)).with_value(NAME, "new-key").write()
    assert path.read_bytes() == f"\ufeffA = 1\n{LINE}\n".encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"SECRET = 'planted-secret\n", "broken already, nothing was changed: line 1: "),
        (b"return\n", "broken already"),
        (b"A = '\xff'\n", "no Python source"),
        (b"# coding: nonsense\n", "no Python source"),
        (b"A = 1\0\n", "broken already"),
    ],
)
def test_file_that_is_broken_already(path: Path, content: bytes, words: str) -> None:
    path.write_bytes(content)
    with pytest.raises(errors.FileError, match=words) as caught:
        SettingsFile.read(str(path))
    assert "planted-secret" not in str(caught.value)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(errors.FileError, match="No such file"):
        SettingsFile.read(str(tmp_path / "settings.py"))
    with pytest.raises(errors.FileError, match="Is a directory"):
        SettingsFile.read(str(tmp_path))


def test_link_mode_and_owner_stay(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "real" / "instance.py"
    real.parent.mkdir()
    real.write_text("A = 1\n")
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 1234, 2345)
    before = real.stat()
    path.symlink_to("real/instance.py")
    SettingsFile.read(str(path)).with_value(NAME, "new-key").write()
    assert path.is_symlink()
    after = real.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert real.read_text() == f"A = 1\n{LINE}\n"
    assert [each.name for each in real.parent.iterdir()] == ["instance.py"]


def test_access_list_stays(path: Path) -> None:
    path.write_text("A = 1\n")
    try:
        os.setxattr(path, "user.test", b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    SettingsFile.read(str(path)).with_value(NAME, "new-key").write()
    assert os.getxattr(path, "user.test") == b"kept"


def test_full_disk_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text("A = 1\n")
    file = SettingsFile.read(str(path)).with_value(NAME, "new-key")

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(errors.FileError, match="No space"):
        file.write()
    assert path.read_text() == "A = 1\n"
    assert [each.name for each in path.parent.iterdir()] == ["settings.py"]
