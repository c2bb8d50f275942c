# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of another release, without a word to the real apt."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bed import release
from bed.errors import BedError

ARCHIVES = """\
Debian-Security Packages http://mirror.example/security/
Debian Translations http://mirror.example/wrong/
Debian Packages http://mirror.example/debian/
"""


class Apt:
    """Notes what it is asked, and what it would read."""

    def __init__(self, archives: str) -> None:
        self.commands: list[list[str]] = []
        self.sources: list[str] = []
        self._archives = archives

    def __call__(self, command: Sequence[str], **_arguments: Any) -> str:
        if "indextargets" in command:
            return self._archives
        self.commands.append([str(word) for word in command])
        if "--simulate" in command:
            return "Reading package lists...\nInst libc6 (2.41 Debian)\nInst nginx (1.26 Debian)\nConf nginx\n"
        options = dict(word.split("=", 1) for word in self.commands[-1] if "=" in word)
        folder = Path(options["Dir::Etc::sourceparts"])
        self.sources += [file.read_text() for file in folder.iterdir()]
        return ""


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> Apt:
    """An apt of a machine that has its packages from these archives."""
    found = Apt(getattr(request, "param", ARCHIVES))
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(release, "run", found)
    monkeypatch.setattr(release, "KEYRING", keyring)
    return found


def test_the_archive_is_the_one_of_the_machine(apt: Apt, tmp_path: Path) -> None:
    release.download("trixie", ["pebble"], tmp_path)
    assert [command[-2:] for command in apt.commands] == [
        [apt.commands[0][-2], "update"],
        ["download", "pebble"],
    ]
    for source in apt.sources:
        assert "URIs: http://mirror.example/debian/\n" in source
        assert "Suites: trixie\n" in source


def test_apt_reads_and_writes_nothing_of_the_machine(apt: Apt, tmp_path: Path) -> None:
    release.download("trixie", ["pebble"], tmp_path)
    for command in apt.commands:
        options = dict(word.split("=", 1) for word in command if "=" in word)
        for name in ("Dir::State", "Dir::Cache", "Dir::State::status", "Dir::Etc::sourceparts"):
            assert "bed-apt-" in options[name]
            # and nothing is left of it
            assert not os.path.lexists(options[name])
        assert options["Dir::Etc::sourcelist"] == "/dev/null"


def test_with_what_they_depend_on(apt: Apt, tmp_path: Path) -> None:
    release.download("trixie", ["nginx"], tmp_path, complete=True)
    assert apt.commands[1][-3:] == ["--no-install-recommends", "install", "nginx"]
    assert apt.commands[2][-3:] == ["download", "libc6", "nginx"]


@pytest.mark.parametrize("apt", ["Other Packages http://mirror.example/other/\n"], indirect=True)
def test_a_machine_without_debian_is_told_so(apt: Apt, tmp_path: Path) -> None:
    with pytest.raises(BedError, match="knows no Debian archive"):
        release.download("trixie", ["pebble"], tmp_path)


@pytest.mark.usefixtures("apt")
def test_missing_keys_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(release, "KEYRING", tmp_path / "missing.gpg")
    with pytest.raises(BedError, match="debian-archive-keyring"):
        release.download("trixie", ["pebble"], tmp_path)
