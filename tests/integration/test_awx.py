# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that loads AWX, with the real modules of the collection awx.awx."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from bed import Bed, bundle
from bed.ansible import Run
from integration import awx_api
from integration.awx_api import Awx
from integration.portal_site import PLAYBOOKS

pytestmark = pytest.mark.extended

SECRET = "token-of-modoboa-in-awx"
VARIABLES = {
    "awx_project_url": "https://git.example.com/portals.git",
    "awx_execution_environment_image": "registry.example.com/portals:1",
    "awx_machine_credential": "Front ends",
    "awx_modoboa_url": "https://mail.example.com",
    "awx_modoboa_token": SECRET,
}


@pytest.fixture(scope="module")
def awx(bed: Bed) -> Iterator[Awx]:
    """An AWX that has been loaded once."""
    with ExitStack() as services:
        running = services.enter_context(awx_api.running())
        assert load(bed, running).changed > 0
        yield running


def load(bed: Bed, awx: Awx, *, check: bool = False, **variables: Any) -> Run:
    own = bed.layout.prefix.collections
    done = bed.ansible.run_playbook(
        PLAYBOOKS / "awx.yml",
        extra_vars={**VARIABLES, **variables},
        check=check,
        diff=True,
        environment={
            "ANSIBLE_COLLECTIONS_PATH": f"{own}:{bundle.collection(bed.layout.prefix, 'awx.awx')}",
            "CONTROLLER_HOST": awx.url,
            "CONTROLLER_OAUTH_TOKEN": awx_api.TOKEN,
        },
    )
    assert done.rc == 0, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done


def test_all_is_loaded_and_the_second_run_is_silent(bed: Bed, awx: Awx) -> None:
    templates = awx.named("job_templates")
    assert set(templates) == {
        "Provision portals",
        "Renew certificates",
        "Retire portals",
        "Deploy to front ends",
        "Provision the fleet",
        "Renew for the fleet",
        "Look at portals",
        "Fail the workflow",
        "Report on portals",
    }
    for template in templates.values():
        fewer = {"Look at portals": ["Modoboa"], "Fail the workflow": []}
        credentials = fewer.get(template["name"], ["Front ends", "Modoboa"])
        assert awx.names_inside(template, "credentials") == credentials
    assert templates["Deploy to front ends"]["job_slice_count"] == 2
    survey = awx.inside[templates["Retire portals"]["related"]["survey_spec"]]
    assert [question["variable"] for question in survey["spec"]] == [
        "tenant",
        "virtualhosts_revoke",
    ]

    nodes = awx.named("workflow_job_template_nodes")
    assert awx.names_inside(nodes["issue"], "always_nodes") == ["deploy"]
    assert awx.names_inside(nodes["issue"], "failure_nodes") == ["failed"]
    assert awx.names_inside(nodes["deploy"], "success_nodes") == ["look"]
    schedules = awx.named("schedules")
    # Without a rule there is none
    assert len(schedules) == 2
    renewal = schedules["Renew certificates several times a day"]
    assert renewal["unified_job_template"] == templates["Renew certificates"]["id"]

    # What is AWX's to fill in arrives as it was written
    injectors = awx.named("credential_types")["Modoboa"]["injectors"]
    assert injectors["file"] == {"template": "{{ ca }}"}
    assert injectors["env"]["MODOBOA_TOKEN"] == "{{ token }}"
    assert awx.named("credentials")["Modoboa"]["inputs"]["token"] == SECRET

    assert load(bed, awx).changed == 0


def test_what_differs_is_updated_and_a_token_only_if_that_is_wanted(bed: Bed, awx: Awx) -> None:
    changed: dict[str, Any] = {"awx_slices": 5, "awx_modoboa_token": "another-token"}
    before = awx.writes
    predicted = load(bed, awx, check=True, **changed)
    assert awx.writes == before
    done = load(bed, awx, **changed)
    assert predicted.changed == done.changed == 1
    assert awx.named("job_templates")["Look at portals"]["job_slice_count"] == 5
    assert awx.named("credentials")["Modoboa"]["inputs"]["token"] == SECRET

    load(bed, awx, awx_modoboa_replace=True, **changed)
    assert awx.named("credentials")["Modoboa"]["inputs"]["token"] == "another-token"


def test_without_a_token_the_credential_is_left_alone(bed: Bed, awx: Awx) -> None:
    before = dict(awx.named("credentials")["Modoboa"])
    done = load(bed, awx, awx_modoboa_token="", awx_modoboa_url="https://other.example.com")
    assert done.task("Credential")[0].status == "skipped"
    assert awx.named("credentials")["Modoboa"] == before
