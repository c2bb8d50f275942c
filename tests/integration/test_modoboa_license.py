# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""modoboa_license, its settings.py and its playbook, against a real Modoboa and a licensing service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.license import fingerprint
from bed import Bed
from bed.ansible import Run
from bed.template import INSTANCE
from integration.extension_settings import master_of, reload, settings
from integration.licensing_service import LicensingService
from integration.modoboa_task import ModoboaTask
from integration.portal_site import PLAYBOOKS, changes
from integration.published_contract.server import PublishedContract


@pytest.fixture(scope="module")
def service(
    bed: Bed, published_contract: PublishedContract, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LicensingService]:
    # The other server has the same database; it is there before that says anything of a licence
    file = tmp_path_factory.mktemp("licensing") / "licences.db"
    running = LicensingService(bed.modoboa.python, file)
    with settings(bed) as put:
        put({"MODOBOA_VIRTUALHOSTS_LICENSE_URL": running.url})
        yield running
        # For the tests after this one
        bed.modoboa.manage(
            *("shell", "-c"),
            "from modoboa_virtualhosts.models import License; License.objects.all().delete()",
        )
    running.stop()


@pytest.fixture
def license_task(bed: Bed) -> ModoboaTask:
    return ModoboaTask(bed, "modoboa_license", "license")


@pytest.fixture
def file(bed: Bed) -> Path:
    return bed.modoboa.directory / INSTANCE / "settings.py"


def settled(task: ModoboaTask, **arguments: Any) -> dict[str, Any]:
    """Predict, do, and do again: the prediction is exact and the second run silent."""
    predicted, done, again = task.run_each({"check": True, **arguments}, arguments, arguments)
    for key in ("changed", "diff", "restart_needed"):
        assert predicted[key] == done[key]
    # Whose it is, only the other end knows
    assert {**predicted["license"], "licensee": ""} == {**done["license"], "licensee": ""}
    assert not again["changed"]
    assert again["diff"] == []
    return done


def test_life_of_a_licence(
    bed: Bed,
    service: LicensingService,
    published_contract: PublishedContract,
    license_task: ModoboaTask,
    file: Path,
) -> None:
    key, before = service.sell(), file.read_text()
    # No server is asked, so none is needed
    nowhere = {"url": "", "token": "", "settings_file": str(file)}
    written = settled(license_task, key=key, backup=True, **nowhere)
    assert written["restart_needed"]
    assert written["diff"][0]["after"] == {"key_fingerprint": fingerprint(key), "lines": 1}
    assert file.read_text().startswith(before)
    copy = Path(written["backup_file"])
    assert copy.read_text() == before
    copy.unlink()

    (early,) = license_task.run_each({"key": key, "registered": True})
    assert early["failed"]
    assert "restart the application" in early["msg"]
    reload(bed)
    (found,) = license_task.run_each({"key": key})
    assert (found["license"]["locked"], found["license"]["registered"]) == (True, False)

    registered = settled(license_task, key=key, registered=True)
    assert registered["diff"][0]["after"] == {"registered": True}
    assert registered["license"]["licensee"] == "Example Hosting"
    assert bed.modoboa.request("GET", "virtualhosts/").ok

    # The other one has no key, and has to be told in another way
    contract = {**published_contract.connection(), "ca_path": "", "registered": True}
    wrong = {"key": "planted-key", "settings_file": str(file), "registered": True}
    elsewhere, first, second = license_task.run_each(contract, wrong, wrong)
    assert elsewhere["failed"]
    assert "register the key in its web interface" in elsewhere["msg"]
    assert first["changed"]
    assert first["restart_needed"]
    assert not second["changed"]
    assert "another licence key" in second["warnings"][0]
    reload(bed)
    (refused,) = license_task.run_each(wrong)
    assert refused["failed"]
    assert not refused["changed"]
    assert "unknown" in refused["msg"]

    gone = settled(license_task, state="absent", **nowhere)
    assert gone["restart_needed"]
    assert file.read_text() == before


@pytest.fixture
def licence(bed: Bed, file: Path) -> Callable[..., Run]:
    """Runs the playbook."""

    def run(*, check: bool = False, **variables: Any) -> Run:
        done = bed.ansible.run_playbook(
            PLAYBOOKS / "license.yml",
            inventory={"modoboa": {"hosts": {"front": {"ansible_connection": "local"}}}},
            extra_vars={
                **bed.variables(),
                "virtualhosts_license_settings_file": str(file),
                "virtualhosts_license_restart": f"kill -HUP {master_of(bed)}",
                **variables,
            },
            check=check,
            diff=True,
            arguments=["-vvv"],
        )
        assert bed.modoboa.token not in done.stdout + done.stderr
        assert variables.get("virtualhosts_license_key", "VALUE_SPECIFIED") not in (
            done.stdout.replace("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "") + done.stderr
        )
        assert done.rc == 0, done.stdout
        return done

    return run


@pytest.mark.extended
def test_playbook(
    bed: Bed, service: LicensingService, licence: Callable[..., Run], file: Path
) -> None:
    key = service.sell()
    assert licence(check=True, virtualhosts_license_key=key).changed == 2
    done = changes(licence(virtualhosts_license_key=key))
    assert done == {
        "Write the key to settings.py": True,
        "Ask which key the application has": True,
        "Restart the application": True,
        "Register the key": True,
    }
    assert bed.modoboa.request("GET", "virtualhosts/").ok
    assert licence(virtualhosts_license_key=key).changed == 0
    licence(virtualhosts_license_state="absent")
    assert key not in file.read_text()
