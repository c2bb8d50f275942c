# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts are told about packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bed import host_packages
from bed.prefix import Prefix

PIP = """\
:env:.cert='/from/environment.pem'
:env:.find-links='/only/here'
global.cert='/from/file.pem'
global.extra-index-url='file:///only/here https://index.example/simple'
global.index-url='https://mirror.example/simple'
"""


def settings(monkeypatch: pytest.MonkeyPatch, folder: Path, pip: str) -> dict[str, Path]:
    def run(command: Sequence[object], **_arguments: Any) -> str:
        return pip if "pip" in command else 'Acquire::Retries "3";\n'

    monkeypatch.setattr(host_packages, "run", run)
    return host_packages.package_settings(Prefix(folder, folder), folder)


def test_they_ask_the_same_index_and_trust_the_same_bundle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = settings(monkeypatch, tmp_path, PIP)
    assert files[host_packages.BUNDLE] == Path("/from/environment.pem")
    assert files["/etc/pip.conf"].read_text().splitlines() == [
        "[global]",
        "index-url = https://mirror.example/simple",
        "extra-index-url = https://index.example/simple",
        f"cert = {host_packages.BUNDLE}",
    ]


def test_a_machine_without_settings_needs_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = settings(monkeypatch, tmp_path, "")
    assert files["/etc/pip.conf"].read_text() == "[global]\n"
    assert host_packages.BUNDLE not in files
    assert files["/etc/apt/apt.conf.d/90test-bed"].read_text() == 'Acquire::Retries "3";\n'
