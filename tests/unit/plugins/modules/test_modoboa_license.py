# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module modoboa_license: its arguments, its results, its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.license import fingerprint
from ansible_collections.mailhost.modoboa.plugins.modules import modoboa_license
from unit.plugins.module_utils.modoboa.license_server import LicenseServer
from unit.plugins.module_utils.modoboa.script import TOKEN
from unit.plugins.modules.modoboa_run import Runner, foresee_copies

KEY = "planted-licence-key"


@pytest.fixture
def server() -> LicenseServer:
    return LicenseServer()


@pytest.fixture
def run(
    server: LicenseServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    runner = Runner(modoboa_license.main, capsys, monkeypatch)
    runner.server = server
    return runner


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.py"
    path.write_text("MODOBOA_PRO_LICENSE_KEY = 'old-planted-key'\nSECRET_KEY = 'planted-secret'\n")
    return path


def test_file_alone_needs_no_connection(run: Runner, file: Path) -> None:
    result = run.bare(settings_file=str(file), key=f" {KEY}\n", backup=True)
    assert result["changed"]
    assert result["restart_needed"]
    assert result["diff"] == [
        {
            "before_header": "licence",
            "after_header": "licence",
            "before": {"key_fingerprint": fingerprint("old-planted-key")},
            "after": {"key_fingerprint": fingerprint(KEY)},
        }
    ]
    assert "old-planted-key" in Path(result["backup_file"]).read_text()
    assert "planted" not in run.printed
    again = run.bare(settings_file=str(file), key=KEY, backup=True)
    assert (again["changed"], again["restart_needed"], again["diff"]) == (False, False, [])
    assert "backup_file" not in again
    assert run.server.log == []


def test_name_of_the_copy_cannot_be_foreseen(run: Runner, file: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.touch()
    foresee_copies(file, precious)
    before = file.read_text()
    result = run.bare(settings_file=str(file), key=KEY, backup=True)
    assert precious.read_text() == ""
    copy = Path(result["backup_file"])
    assert copy.read_text() == before
    assert not copy.is_symlink()


def test_check_mode_writes_nothing(run: Runner, file: Path) -> None:
    before = file.read_text()
    predicted = run.bare(check=True, settings_file=str(file), state="absent", backup=True)
    assert file.read_text() == before
    assert [path.name for path in file.parent.iterdir()] == ["settings.py"]
    done = run.bare(settings_file=str(file), state="absent")
    assert predicted["diff"] == done["diff"]
    assert predicted["license"] == done["license"]


def test_registration(run: Runner, server: LicenseServer) -> None:
    server.key = KEY
    assert run(check=True, key=KEY, registered=True)["changed"]
    result = run(key=KEY, registered=True)
    assert result["changed"]
    assert result["license"] == {
        "key_fingerprint": fingerprint(KEY),
        "needed": True,
        "registered": True,
        "locked": False,
        "licensee": "Example Hosting",
        "last_error": "",
    }
    assert KEY not in run.printed
    assert TOKEN not in run.printed
    assert not run(key=KEY, registered=True)["changed"]


def test_warning_says_that_registration_has_to_wait(run: Runner, file: Path) -> None:
    result = run(settings_file=str(file), key=KEY, registered=True)
    assert result["restart_needed"]
    assert "run again" in run.warnings[0]


def test_failure_before_the_restart(run: Runner, server: LicenseServer) -> None:
    server.key = "old-planted-key"
    result = run(key=KEY, registered=True)
    assert result["failed"]
    assert not result["changed"]
    assert "restart the application" in result["msg"]
    assert "planted" not in run.printed.replace(TOKEN, "")


@pytest.mark.parametrize(
    ("content", "words"),
    [("A = 'planted\n", "broken already"), ("if A:\n    MODOBOA_PRO_LICENSE_KEY = 1\n", "line 2")],
)
def test_file_that_cannot_be_changed(run: Runner, file: Path, content: str, words: str) -> None:
    file.write_text(content)
    result = run.bare(settings_file=str(file), key=KEY)
    assert result["failed"]
    assert words in result["msg"]
    assert "planted" not in run.printed


def test_status_needs_an_address(run: Runner) -> None:
    result = run.bare()
    assert result["failed"]
    assert "the URL is empty" in result["msg"]


def test_arguments_that_make_no_sense(run: Runner) -> None:
    result = run(state="absent")
    assert result["failed"]
    assert "goes with settings_file" in result["msg"]
    assert run.server.log == []
