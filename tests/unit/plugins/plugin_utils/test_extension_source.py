# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension as an archive: complete, without caches, and always the same."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.extension_source import (
    PACKAGE,
    PROJECT,
    SERVER,
    ExtensionSource,
)


@pytest.fixture
def source(tmp_path: Path) -> ExtensionSource:
    """A copy of the extension that a test may change."""
    for name in PROJECT:
        shutil.copy(SERVER / name, tmp_path / name)
    shutil.copytree(SERVER / PACKAGE, tmp_path / PACKAGE)
    return ExtensionSource(tmp_path)


def test_archive_has_what_building_it_takes(source: ExtensionSource) -> None:
    with tarfile.open(fileobj=io.BytesIO(source.archive())) as archive:
        names = archive.getnames()
    top = f"{PACKAGE}-{source.version}"
    assert {name.split("/")[0] for name in names} == {top}
    for name in (*PROJECT, f"{PACKAGE}/apps.py", f"{PACKAGE}/locale/fr/LC_MESSAGES/django.mo"):
        assert f"{top}/{name}" in names
    assert not [name for name in names if "pycache" in name or name.endswith(".pyc")]


def test_neither_times_nor_caches_matter(source: ExtensionSource) -> None:
    before = source.archive(), source.digest()
    (source.folder / PACKAGE / "__pycache__").mkdir(exist_ok=True)
    (source.folder / PACKAGE / "__pycache__" / "more.cpython-311.pyc").write_text("")
    os.utime(source.folder / PACKAGE / "apps.py", (0, 0))
    (source.folder / PACKAGE / "apps.py").chmod(0o600)
    assert (source.archive(), source.digest()) == before
    assert ExtensionSource().digest() == before[1]


@pytest.mark.parametrize("change", ["content", "name", "more"])
def test_any_file_matters(source: ExtensionSource, change: str) -> None:
    before = source.digest()
    file = source.folder / PACKAGE / "apps.py"
    if change == "content":
        file.write_text(f"{file.read_text()}\n")
    elif change == "name":
        file.rename(file.with_name("applications.py"))
    else:
        file.with_name("another.py").touch()
    assert source.digest() != before
