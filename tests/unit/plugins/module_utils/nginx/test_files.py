# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing so that there is the old or the new, whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import files


def test_write_and_read(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    assert files.read(path) is None
    files.write(path, b"one")
    files.write(path, b"two")
    assert files.read(path) == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.conf"]


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_mode_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o077)
    try:
        files.write(tmp_path / "a.conf", b"one", mode)
    finally:
        os.umask(before)
    assert (tmp_path / "a.conf").stat().st_mode & 0o777 == mode


def test_a_failed_write_leaves_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.conf"
    files.write(path, b"one")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_put(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    files.put(path, b"one")
    assert path.read_bytes() == b"one"
    files.put(path, None)
    files.put(path, None)
    assert not path.exists()


def test_links(tmp_path: Path) -> None:
    link = tmp_path / "link"
    assert files.link_target(link) is None
    for target in ("/somewhere", "../elsewhere//x"):
        files.put_link(link, target)
        files.put_link(link, target)
        assert files.link_target(link) == target
    files.put_link(link, None)
    files.put_link(link, None)
    assert not list(tmp_path.iterdir())


def test_no_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Invalid argument"):
        files.link_target(tmp_path / "file")


def test_sweep_takes_only_what_a_killed_run_left(tmp_path: Path) -> None:
    for name in (".a.conf.nginx_vhost-new", "a.conf", ".hidden", "b.nginx_vhost-new"):
        (tmp_path / name).write_text("")
    files.sweep(tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == {
        "a.conf",
        ".hidden",
        "b.nginx_vhost-new",
    }


def test_a_left_over_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".a.conf.nginx_vhost-new").write_text("half")
    files.write(tmp_path / "a.conf", b"one")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.conf"]


def test_sync(tmp_path: Path) -> None:
    files.sync(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        files.sync(tmp_path / "missing")
