# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs get the loader that was unpacked with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from bed import loader
from bed.errors import BedError


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that are run, by a patchelf that finds the loader of 64-bit ARM."""
    noted: list[list[str]] = []

    def run(command: Sequence[str | Path], **_arguments: str) -> str:
        noted.append([str(word) for word in command])
        return "/lib/ld-linux-aarch64.so.1\n" if "--print-interpreter" in command else ""

    monkeypatch.setattr(loader, "run", run)
    return noted


def test_the_loader_of_the_architecture_is_found(commands: list[list[str]], tmp_path: Path) -> None:
    wanted = tmp_path / "usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1"
    wanted.parent.mkdir(parents=True)
    wanted.touch()
    wanted.with_name("ld-linux.so.2").touch()
    program = tmp_path / "usr/sbin/nginx"
    loader.set_loader(Path("patchelf"), program, tmp_path)
    assert commands[-1] == ["patchelf", "--set-interpreter", str(wanted), str(program)]


def test_a_root_without_a_c_library(commands: list[list[str]], tmp_path: Path) -> None:
    with pytest.raises(BedError, match=r"ld-linux-aarch64\.so\.1, is not among"):
        loader.set_loader(Path("patchelf"), tmp_path / "nginx", tmp_path)
    assert len(commands) == 1
