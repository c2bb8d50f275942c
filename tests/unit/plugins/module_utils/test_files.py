# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.files import (
    remove_leftovers,
    replace_link,
    sync_directory,
    write_file,
)


def test_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_file(file, b"old", 0o644)
    with file.open("rb") as reader:
        write_file(file, b"new", 0o600)
        assert reader.read() == b"old"
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_a_full_disk_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    file = tmp_path / "file"
    write_file(file, b"old", 0o600)

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space"):
        write_file(file, b"new", 0o600)
    assert file.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "file").symlink_to(precious)
    write_file(tmp_path / "file", b"new", 0o600)
    assert precious.read_text() == "precious"
    replace_link(tmp_path / "file", "precious")
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_mode_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o077)
    try:
        write_file(tmp_path / "a.conf", b"one", mode)
    finally:
        os.umask(before)
    assert (tmp_path / "a.conf").stat().st_mode & 0o777 == mode


def test_only_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    for name in (".a.mailhost-new", ".a.mailhost-old", "a.conf", ".hidden", "b.mailhost-new"):
        (tmp_path / name).write_text("")
    remove_leftovers(tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == {"a.conf", ".hidden", "b.mailhost-new"}


def test_younger_leftovers_stay(tmp_path: Path) -> None:
    for name in (".old.mailhost-new", ".young.mailhost-new"):
        (tmp_path / name).write_text("")
    os.utime(tmp_path / ".old.mailhost-new", (0, time.time() - 3700))
    os.utime(tmp_path / ".young.mailhost-new", (0, time.time() - 3500))
    remove_leftovers(tmp_path, older_than=3600)
    assert [entry.name for entry in tmp_path.iterdir()] == [".young.mailhost-new"]


def test_sync(tmp_path: Path) -> None:
    sync_directory(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        sync_directory(tmp_path / "missing")
