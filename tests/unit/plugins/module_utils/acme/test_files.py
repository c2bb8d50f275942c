# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole or not there."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.files import (
    locked,
    make_directory,
    write_directory,
)
from unit.plugins.module_utils.acme.folders import entries


def test_an_existing_directory_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_directory(tmp_path / "a" / "b", 0o711)
    assert tmp_path.stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o711


def test_a_lock_that_is_never_given_back(tmp_path: Path) -> None:
    with (
        locked(tmp_path / ".lock", 0o755, 1),
        pytest.raises(AcmeError, match="another run has held"),
        locked(tmp_path / ".lock", 0o755, 0),
    ):
        pass


def test_a_lock_whose_folder_goes_away_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    done = []

    def wait() -> None:
        with locked(folder / ".lock", 0o755, 10):
            done.append((folder / ".lock").exists())

    with locked(folder / ".lock", 0o755, 1):
        waiting = threading.Thread(target=wait)
        waiting.start()
        (folder / ".lock").unlink()
        # unless the one who waits was faster
        with suppress(OSError):
            folder.rmdir()
    waiting.join()
    assert done == [True]


def test_a_folder_that_is_a_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "folder").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError), locked(tmp_path / "folder" / ".lock", 0o755, 60):
        pass


def test_a_new_directory(tmp_path: Path) -> None:
    contents = {"public": (b"everybody", 0o644), "private": (b"nobody", 0o600)}
    write_directory(tmp_path / "a" / "b", contents, 0o755)
    assert entries(tmp_path / "a" / "b") == ["private", "public"]
    for name, (content, mode) in contents.items():
        assert (tmp_path / "a" / "b" / name).read_bytes() == content
        assert (tmp_path / "a" / "b" / name).stat().st_mode & 0o777 == mode
    with pytest.raises(FileExistsError):
        write_directory(tmp_path / "a" / "b", contents, 0o755)
