# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""modoboa_settings and its playbook against a real Modoboa."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bed import Bed
from integration.modoboa_task import ModoboaTask
from integration.portal_site import PLAYBOOKS
from integration.published_contract.server import PublishedContract

PATH = "parameters/virtualhosts/"


@pytest.fixture
def task(bed: Bed) -> Iterator[ModoboaTask]:
    before = bed.modoboa.request("GET", PATH).json()
    yield ModoboaTask(bed, "modoboa_settings", "settings")
    bed.modoboa.request("PUT", PATH, json=before)


def test_settings(bed: Bed, task: ModoboaTask, published_contract: PublishedContract) -> None:
    before = bed.modoboa.request("GET", PATH).json()
    wanted = {"acme_contact": ["hostmaster@example.org"], "acme_renewal_threshold": "41"}
    other = {"nginx_upstream": "127.0.0.1:8000", "nginx_enabled_sites_directory": ""}
    contract: dict[str, Any] = {
        **published_contract.connection(),
        "ca_path": "",
        "settings": other,
    }
    mistakes = {"acme_contcat": [], "acme_contact": "hostmaster@example.org"}
    read, predicted, done, again, elsewhere, silent, slips, refused = task.run_each(
        {},
        {"check": True, "settings": wanted},
        {"settings": wanted},
        {"settings": wanted},
        contract,
        contract,
        {"settings": mistakes},
        {"settings": {"acme_renewal_threshold": 0}},
    )
    assert (read["settings"], read["changed"]) == (before, False)
    assert done["diff"] == [
        {
            "before_header": "settings",
            "after_header": "settings",
            "before": {"acme_contact": [], "acme_renewal_threshold": 30},
            "after": {
                "acme_contact": ["hostmaster@example.org"],
                "acme_renewal_threshold": 41,
            },
        }
    ]
    for key in ("changed", "diff", "settings"):
        assert predicted[key] == done[key]
    assert (again["changed"], again["diff"]) == (False, [])

    assert elsewhere["changed"]
    assert not silent["changed"]
    assert elsewhere["settings"] == {**done["settings"], **other}

    assert slips["failed"]
    assert "no settings acme_contcat; it has acme_contact, acme_directory_url" in slips["msg"]
    assert "acme_contact: write a list" in slips["msg"]
    assert refused["failed"]
    assert "acme_renewal_threshold" in refused["msg"]
    assert not refused["changed"]
    assert bed.modoboa.request("GET", PATH).json() == elsewhere["settings"]


def test_playbook(bed: Bed, task: ModoboaTask) -> None:
    run = bed.ansible.run_playbook(
        PLAYBOOKS / "settings.yml",
        inventory={"modoboa": {"hosts": {"front": {"ansible_connection": "local"}}}},
        extra_vars={**bed.variables(), "virtualhosts_settings": {"acme_renewal_threshold": 20}},
    )
    assert run.rc == 0, run.stdout
    assert run.changed == 1
    assert bed.modoboa.request("GET", PATH).json()["acme_renewal_threshold"] == 20
