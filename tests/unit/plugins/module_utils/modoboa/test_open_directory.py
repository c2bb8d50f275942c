# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A settings.py in a folder of somebody who puts other things there while it is written."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.settings_file import (
    SettingsFile,
)

TEXT, NAME = "A = 1\n", "MODOBOA_PRO_LICENSE_KEY"
ACCESS_LIST = "system.posix_acl_access"
Trick = Callable[[], None]


def access_list(user: int) -> bytes:
    """One with which this user may read, too."""
    entries = [(1, 6, 2**32 - 1), (2, 4, user), (4, 4, 2**32 - 1), (16, 4, 2**32 - 1)]
    entries.append((32, 0, 2**32 - 1))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)


def settings_in(folder: Path, mode: int) -> Path:
    """A new folder's settings.py."""
    path = folder / "settings.py"
    folder.mkdir()
    path.write_text(TEXT)
    path.chmod(mode)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return settings_in(tmp_path / "instance", 0o640)


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """What only root may write to."""
    return settings_in(tmp_path / "precious", 0o600)


def changed(path: Path) -> SettingsFile:
    return SettingsFile.read(str(path)).with_value(NAME, "new-key")


def while_writing(monkeypatch: pytest.MonkeyPatch, trick: Trick) -> None:
    """Have somebody do something once, when the new file is there and the old one not replaced."""
    sync, done = os.fsync, False

    def fsync(descriptor: Any) -> None:
        nonlocal done
        sync(descriptor)
        if not done:
            done = True
            trick()

    monkeypatch.setattr(os, "fsync", fsync)


def described(path: Path) -> tuple[Any, ...]:
    status = path.stat()
    return path.read_text(), status.st_ino, status.st_uid, status.st_mode, os.listxattr(path)


def set_attribute(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError:
        pytest.skip("this file system has no such attributes")


@pytest.mark.parametrize("backup", [False, True])
def test_link_in_place_of_a_new_file(
    file: Path, precious: Path, monkeypatch: pytest.MonkeyPatch, backup: bool
) -> None:
    set_attribute(file, "user.test", b"planted")
    before = described(precious)

    def trick() -> None:
        for path in set(file.parent.iterdir()) - {file}:
            path.unlink()
            path.symlink_to(precious)

    while_writing(monkeypatch, trick)
    changed(file).write(backup=backup)
    assert described(precious) == before


@pytest.mark.parametrize("early", [True, False])
def test_another_folder_in_place_of_the_folder(
    file: Path, precious: Path, monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    before, moved = described(precious), file.parent.with_name("moved")

    def trick() -> None:
        file.parent.rename(moved)
        file.parent.symlink_to(precious.parent)

    if early:
        new = changed(file)
        trick()
        with pytest.raises(errors.FileError, match="somebody else has changed it"):
            new.write(backup=True)
        assert [path.name for path in moved.iterdir()] == ["settings.py"]
    else:
        while_writing(monkeypatch, trick)
        changed(file).write(backup=True)
        assert len(list(moved.iterdir())) == 2
        assert (moved / "settings.py").read_text() != TEXT
    assert described(precious) == before
    assert [path.name for path in precious.parent.iterdir()] == ["settings.py"]


def test_change_of_somebody_else_is_not_lost(file: Path) -> None:
    new = changed(file)
    file.write_text("B = 2\n")
    with pytest.raises(errors.FileError, match="nothing was changed, run again"):
        new.write()
    assert file.read_text() == "B = 2\n"


def test_copy_is_what_the_file_was(file: Path) -> None:
    set_attribute(file, "user.test", b"kept")
    if os.geteuid() == 0:
        os.chown(file, 0, 2345)
    before = file.stat()
    copy = changed(file).write(backup=True)
    assert copy is not None
    status = os.lstat(copy)
    assert stat.S_ISREG(status.st_mode)
    assert (status.st_mode, status.st_uid, status.st_gid) == (
        *(before.st_mode, before.st_uid, before.st_gid),
    )
    assert Path(copy).read_text() == TEXT
    assert os.getxattr(copy, "user.test") == b"kept"


def test_folder_hands_on_no_access(file: Path) -> None:
    kept = access_list(1234)
    set_attribute(file.parent, "system.posix_acl_default", access_list(4321))
    copy = changed(file).write(backup=True)
    for path in (file, Path(copy or "")):
        assert os.listxattr(path) == []
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    set_attribute(file, ACCESS_LIST, kept)
    SettingsFile.read(str(file)).without(NAME).write()
    assert os.getxattr(file, ACCESS_LIST) == kept
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_nothing_but_a_plain_file_is_read(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(errors.FileError, match="no plain file"):
        SettingsFile.read(str(file))


def test_failure_leaves_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(errors.FileError, match="No space"):
        changed(file).write(backup=True)
    assert [path.name for path in file.parent.iterdir()] == ["settings.py"]


def test_only_what_a_killed_run_left_is_removed(file: Path) -> None:
    old, young = (file.with_name(f".settings.py.{name}.mailhost-new") for name in ("a", "b"))
    other = file.with_name(".other.c.mailhost-new")
    for path in (old, young, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (0, 0))
    changed(file).write()
    assert set(file.parent.iterdir()) == {file, young, other}
