# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``extension`` on an instance that has never had it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from bed.ansible import Run
from bed.prefix import find
from integration.bare_modoboa import BareModoboa
from integration.portal_site import changes

pytestmark = pytest.mark.extended

INSTALL, NAME = "Install the package", "Name it in settings.py"
INSTALL_PREDICTED = "Predict the installation of the package"
RESTART = "Restart what runs the application"
CREATE = """
from modoboa_virtualhosts.models import VirtualHost
VirtualHost.objects.create(name="mail.a.test")
"""


@pytest.fixture(scope="module")
def modoboa() -> Iterator[BareModoboa]:
    with BareModoboa(f"extension-role-{os.getpid()}") as running:
        yield running


def done(result: Run) -> Run:
    assert result.rc == 0, result.stdout + result.stderr
    return result


def changed(result: Run) -> set[str]:
    return {task for task, value in changes(done(result)).items() if value}


def present(modoboa: BareModoboa) -> set[str]:
    """Put it in; what that has changed."""
    return changed(modoboa.run())


def absent(modoboa: BareModoboa) -> set[str]:
    """Take it off, whoever has portals there; the word is as -e gives it."""
    return changed(modoboa.run(state="absent", remove_records="true"))


def test_put_in_and_taken_off(modoboa: BareModoboa) -> None:
    before = modoboa.settings.read_text()
    assert {INSTALL_PREDICTED, NAME, "Predict the rest"} < changed(modoboa.run(check=True))
    assert (modoboa.settings.read_text(), modoboa.status()) == (before, 404)
    assert not modoboa.installed_from.exists()

    assert {INSTALL, NAME, "Migrate the database", RESTART} < present(modoboa)
    assert (modoboa.status(), modoboa.addresses()) == (401, "/api/v2")
    assert present(modoboa) == set()
    assert changed(modoboa.run(check=True)) == set()

    # Nobody loses a portal by mistake
    modoboa.manage("shell", "-c", CREATE)
    for word in (False, "false"):
        refused = modoboa.run(state="absent", remove_records=word)
        assert refused.rc != 0
        assert "Modoboa still has virtual hosts (1)" in refused.stdout
    assert "Predict the rest" in (
        changed(modoboa.run(check=True, state="absent", remove_records=True))
    )
    assert modoboa.status() == 401

    assert {"Delete their records", "Uninstall the package"} < absent(modoboa)
    assert modoboa.settings.read_text() == before
    assert (modoboa.status(), modoboa.has_tables()) == (404, False)
    assert modoboa.addresses() != "/api/v2"
    assert not modoboa.installed_from.exists()
    assert absent(modoboa) == set()


def test_what_it_finds_half_done(modoboa: BareModoboa) -> None:
    # Modoboa objects, and the application goes on as it was
    before = modoboa.settings.read_text()
    wrong = f"{before}MODOBOA_VIRTUALHOSTS_PORT = 'https'\n"
    modoboa.settings.write_text(wrong)
    refused = modoboa.run()
    assert refused.rc != 0
    assert "which is no port" in refused.stdout
    assert (modoboa.settings.read_text(), modoboa.status()) == (wrong, 404)
    modoboa.settings.write_text(before)

    # The package is there already
    assert INSTALL not in present(modoboa)
    assert modoboa.status() == 401

    # What somebody else undoes is done again, and nothing besides
    modoboa.manage("load_initial_data")
    assert modoboa.addresses() != "/api/v2"
    assert not {INSTALL, NAME, "Migrate the database"} & present(modoboa)
    assert modoboa.addresses() == "/api/v2"

    # Other files are another version, of which nothing is kept. The frontend is not removed for a moment
    page = modoboa.frontend.stat()
    older = modoboa.installed_from / "modoboa_virtualhosts-0.0.1.tar"
    older.touch()
    (apps,) = modoboa.virtualenv.glob("lib/python3*/site-packages/modoboa_virtualhosts/apps.py")
    apps.write_text(f"{apps.read_text()}# older\n")
    assert "Remove them" in changed(modoboa.run(check=True))
    assert older.exists()
    assert {INSTALL, RESTART, "Remove them"} <= present(modoboa)
    assert "# older" not in apps.read_text()
    assert len(list(modoboa.installed_from.glob("*.tar"))) == 1
    assert modoboa.frontend.stat().st_mtime_ns == page.st_mtime_ns

    # Neither is it left as somebody else has left it, without its page
    (modoboa.frontend / "index.html").unlink()
    assert not {INSTALL, NAME, "Migrate the database"} & present(modoboa)
    assert (modoboa.frontend / "index.html").is_file()

    # The run was cut off before the restart
    (modoboa.installed_from / "finished").unlink()
    again = present(modoboa)
    assert INSTALL not in again
    assert RESTART in again

    # The run that takes it off was cut off when settings.py was done
    modoboa.manage("migrate", "modoboa_virtualhosts", "zero")
    modoboa.settings.write_text(before)
    assert {RESTART, "Uninstall the package"} < absent(modoboa)
    assert modoboa.status() == 404


def test_an_old_modoboa_and_none_at_all(modoboa: BareModoboa) -> None:
    nowhere = modoboa.run(instance=str(modoboa.directory))
    assert nowhere.rc != 0
    assert "set extension_instance to the folder" in nowhere.stdout
    # Any other Python has no Modoboa
    without = modoboa.run(virtualenv=str(find().controller))
    assert without.rc != 0
    assert "needs Modoboa 2.12 or newer" in without.stdout
