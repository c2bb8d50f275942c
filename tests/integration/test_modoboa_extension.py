# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""modoboa_extension, on the settings.py that Modoboa's own deploy has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bed import Bed
from bed.template import EXTENSION, INSTANCE, MENTIONED


@pytest.fixture
def file(bed: Bed, tmp_path: Path) -> Path:
    """A copy, with the extension as deploy names it."""
    path = tmp_path / "settings.py"
    path.write_bytes((bed.modoboa.directory / INSTANCE / "settings.py").read_bytes())
    return path


def settled(bed: Bed, **arguments: Any) -> dict[str, Any]:
    """Predict, do, and do again: the prediction is exact and the second run silent."""
    predicted = bed.ansible.run_module("modoboa_extension", arguments, check=True)
    done = bed.ansible.run_module("modoboa_extension", arguments)
    assert not done["failed"], done
    for key in ("changed", "diff", "listed"):
        assert predicted[key] == done[key]
    again = bed.ansible.run_module("modoboa_extension", arguments)
    assert (again["changed"], again["diff"]) == (False, [])
    return done


def test_taken_out_and_put_in(bed: Bed, file: Path) -> None:
    before = file.read_text()
    gone = settled(bed, settings_file=str(file), state="absent", backup=True)
    assert (gone["changed"], gone["listed"]) == (True, True)
    assert Path(gone["backup_file"]).read_text() == before
    # Python's own reading of it, and deploy's, are the same
    assert file.read_text() == MENTIONED.sub("", before)

    settled(bed, settings_file=str(file))
    added = set(file.read_text().splitlines()) - set(MENTIONED.sub("", before).splitlines())
    assert added == {f"    '{EXTENSION}',"}


def test_a_file_that_is_none(bed: Bed, tmp_path: Path) -> None:
    arguments = {"settings_file": str(tmp_path / "settings.py")}
    for check in (True, False):
        done = bed.ansible.run_module("modoboa_extension", arguments, check=check)
        assert done["failed"]
        assert "No such file" in done["msg"]
