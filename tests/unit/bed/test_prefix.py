# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the bed keeps things."""

from __future__ import annotations

from pathlib import Path

import pytest
from bed import prefix
from bed.errors import BedError


def test_the_checkout_has_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BED_PREFIX", raising=False)
    assert prefix.find().real == prefix.CHECKOUT / ".bed"


def test_a_short_plain_path_is_used_as_it_is(
    monkeypatch: pytest.MonkeyPatch, short_folder: Path
) -> None:
    monkeypatch.setenv("BED_PREFIX", str(short_folder))
    assert prefix.find() == prefix.Prefix(real=short_folder, path=short_folder)


@pytest.mark.parametrize("name", ["with a space", "long" * 20, "with;semicolon"])
def test_other_paths_get_a_short_link(
    monkeypatch: pytest.MonkeyPatch, short_folder: Path, name: str
) -> None:
    monkeypatch.setenv("BED_PREFIX", str(short_folder / name))
    found = prefix.find()
    assert found.real == short_folder / name
    assert found.path.resolve() == found.real
    assert len(str(found.path)) <= prefix.LONGEST_PREFIX
    assert found == prefix.find()
    found.path.unlink()


def test_a_link_to_somewhere_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, short_folder: Path
) -> None:
    monkeypatch.setenv("BED_PREFIX", str(short_folder / "with a space"))
    link = prefix.find().path
    link.unlink()
    link.symlink_to("/nowhere")
    with pytest.raises(BedError, match="in the way"):
        prefix.find()
    link.unlink()
