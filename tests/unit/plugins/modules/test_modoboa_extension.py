# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module modoboa_extension: its results, its diff, its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.modules import modoboa_extension
from unit.plugins.modules.modoboa_run import Runner, foresee_copies

TEXT = "SECRET_KEY = 'planted-secret'\nMODOBOA_APPS = (\n    'modoboa',\n)\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(modoboa_extension.main, capsys, monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.py"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def test_named_and_taken_out(run: Runner, file: Path) -> None:
    predicted = run.bare(check=True, settings_file=str(file), backup=True)
    assert file.read_text() == TEXT
    assert [path.name for path in file.parent.iterdir()] == ["settings.py"]
    done = run.bare(settings_file=str(file), backup=True)
    assert predicted["diff"] == done["diff"]
    assert done["diff"][0]["after"] == {
        "MODOBOA_APPS": ["modoboa", "modoboa_virtualhosts"],
        "statements_that_import_it": 0,
    }
    assert (done["changed"], done["listed"]) == (True, False)
    assert Path(done["backup_file"]).read_text() == TEXT
    assert file.stat().st_mode & 0o777 == 0o640
    again = run.bare(settings_file=str(file))
    assert (again["changed"], again["listed"], again["diff"]) == (False, True, [])

    gone = run.bare(settings_file=str(file), state="absent")
    assert (gone["changed"], gone["listed"]) == (True, True)
    assert file.read_text() == TEXT
    assert not run.bare(settings_file=str(file), state="absent")["changed"]
    assert "planted" not in run.printed


def test_name_of_the_copy_cannot_be_foreseen(run: Runner, file: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.touch()
    foresee_copies(file, precious)
    result = run.bare(settings_file=str(file), backup=True)
    assert precious.read_text() == ""
    copy = Path(result["backup_file"])
    assert copy.read_text() == TEXT
    assert not copy.is_symlink()


def test_another_extension(run: Runner, file: Path) -> None:
    assert run.bare(settings_file=str(file), name="modoboa_other")["changed"]
    assert "'modoboa_other',\n)" in file.read_text()


@pytest.mark.parametrize("text", ["MODOBOA_APPS = apps()\n", "def\n", "X = 1\n"])
def test_a_file_that_cannot_be_changed(run: Runner, file: Path, text: str) -> None:
    file.write_text(text)
    result = run.bare(settings_file=str(file))
    assert result["failed"]
    assert str(file) in result["msg"]
    assert file.read_text() == text
