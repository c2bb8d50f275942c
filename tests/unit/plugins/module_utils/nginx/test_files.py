# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing so that there is the old or the new, whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import files


def test_put_and_read(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    assert files.read(path) is None
    files.put(path, b"one")
    files.put(path, b"two")
    assert files.read(path) == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.conf"]


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
