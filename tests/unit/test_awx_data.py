# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role awx loads fits together, and fits the project that it is loaded for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "docs/example/awx"
PLAYBOOKS = sorted(PROJECT.glob("*.yml"))
DEFINITION = "execution-environment.yml"
RULE = re.compile(r"DTSTART:\d{8}T\d{6}Z RRULE:FREQ=[A-Z]+;INTERVAL=\d+")


def role_data() -> dict[str, Any]:
    """The role's variables, as they are written."""
    files = sorted((ROOT / "roles/awx/vars/main").glob("*.yml"))
    data: dict[str, Any] = {}
    for file in files:
        data |= DataLoader().load_from_file(str(file))
    return data


DATA = role_data()
TEMPLATES = {template["name"]: template for template in DATA["awx__job_templates"]}
SURVEYS = [
    DATA[f"awx__{name}"] for name in ("some_tenants", "named_tenants", "some_tenants_in_batches")
]


@pytest.mark.parametrize("name", TEMPLATES)
def test_playbook_of_a_job_template_is_in_the_project(name: str) -> None:
    assert (PROJECT / TEMPLATES[name]["playbook"]).is_file()


@pytest.mark.parametrize(
    "path", [path for path in PLAYBOOKS if path.name != DEFINITION], ids=lambda path: path.name
)
def test_playbook_is_one_that_awx_lists_and_loads(path: Path) -> None:
    # AWX looks for a line that names hosts, and shows no other file
    lines = path.read_text(encoding="utf-8").splitlines()
    assert any(re.match(r"\s*-?\s*hosts:", line) for line in lines)
    assert path.name in {template["playbook"] for template in TEMPLATES.values()}


# What the collection has no playbook for: it takes another inventory, or is of AWX only
OWN = {"look.yml", "failed.yml"}
IMPORT = "ansible.builtin.import_playbook"


@pytest.mark.parametrize("name", sorted({each["playbook"] for each in TEMPLATES.values()} - OWN))
def test_playbook_is_the_collections_and_no_copy_that_lags_behind(name: str) -> None:
    first, imported = yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))
    assert imported[IMPORT] == f"mailhost.modoboa.{name.removesuffix('.yml')}"
    theirs = (ROOT / "playbooks" / name).read_text(encoding="utf-8")
    # Where the survey may be left unanswered, and the playbook asks whom, that is for all; but not to retire
    asks = "virtualhosts__asked_for" in theirs and name != "retire.yml"
    assert imported.get("vars", {}) == ({"tenant_optional": True} if asks else {})
    # A play of its own: in what is imported, playbook_dir is the collection's
    (known,) = (task for task in first["tasks"] if "ansible.builtin.set_fact" in task)
    provision = yaml.safe_load((PROJECT / "provision.yml").read_text(encoding="utf-8"))
    assert known == provision[0]["tasks"][-1]


@pytest.mark.parametrize("survey", SURVEYS, ids=["some", "named", "batches"])
def test_survey_is_as_awx_wants_it(survey: dict[str, Any]) -> None:
    assert {"name", "description", "spec"} == set(survey)
    for question in survey["spec"]:
        assert question["question_name"]
        assert question["question_description"]
        assert re.fullmatch(r"[a-z_]+", question["variable"])
        assert question["min"] <= len(question["default"]) or question["required"]
        if question["type"] == "multiplechoice":
            assert question["default"] in question["choices"]


def test_workflow_is_of_job_templates_and_leads_to_its_own_nodes() -> None:
    nodes = {node["identifier"]: node for node in DATA["awx__workflow_nodes"]}
    for node in nodes.values():
        assert node["unified_job_template"]["name"] in TEMPLATES
        for targets in node.get("related", {}).values():
            assert {target["identifier"] for target in targets} <= set(nodes)
    # To AWX, a node has failed if nothing follows its failure. Whatever fails, one such has to
    for name, node in nodes.items():
        related = node.get("related", {})
        follow = [
            each["identifier"]
            for kind in ("always_nodes", "failure_nodes")
            for each in related.get(kind, [])
        ]
        assert not follow or "failed" in follow, name
    assert "related" not in nodes["failed"]


def test_schedules_are_of_job_templates_that_ask_for_nothing() -> None:
    defaults = yaml.safe_load((ROOT / "roles/awx/defaults/main.yml").read_text(encoding="utf-8"))
    specs = yaml.safe_load((ROOT / "roles/awx/meta/argument_specs.yml").read_text(encoding="utf-8"))
    renewals = specs["argument_specs"]["main"]["options"]["awx_renewal_template"]["choices"]
    assert defaults["awx_renewal_template"] in renewals
    for schedule in DATA["awx__schedules"]:
        chosen = schedule["template"] == "{{ awx_renewal_template }}"
        for template in renewals if chosen else [schedule["template"]]:
            assert "named" not in TEMPLATES[template].get("survey", "")
    for rule in ("awx_renewal_rule", "awx_look_rule"):
        assert RULE.fullmatch(defaults[rule])


@pytest.mark.parametrize("ca", ["", "-----BEGIN CERTIFICATE-----"])
def test_credential_becomes_what_the_modules_read(ca: str) -> None:
    """Filled in as AWX does: in a sandbox, with all fields there, and the file's name in ``tower``."""
    injectors, sandbox = (
        DATA["awx__injectors"],
        ImmutableSandboxedEnvironment(undefined=StrictUndefined),
    )
    fields = {field["id"]: f"the {field['id']}" for field in DATA["awx__inputs"]["fields"]}
    assert set(DATA["awx__inputs"]["required"]) <= set(fields)
    names = {**fields, "ca": ca, "tower": {"filename": "/tmp/file"}}
    filled = {
        key: sandbox.from_string(text).render(names) for key, text in injectors["env"].items()
    }
    assert filled == {
        "MODOBOA_URL": "the url",
        "MODOBOA_TOKEN": "the token",
        "MODOBOA_CA_PATH": "/tmp/file" if ca else "",
    }
    assert sandbox.from_string(injectors["file"]["template"]).render(names) == ca
    fragment = (ROOT / "plugins/doc_fragments/modoboa.py").read_text(encoding="utf-8")
    assert all(name in fragment for name in filled)


def test_execution_environment_has_the_newest_ansible_of_the_tests() -> None:
    definition = yaml.safe_load((PROJECT / DEFINITION).read_text(encoding="utf-8"))
    wanted = definition["dependencies"]["ansible_core"]["package_pip"]
    series = re.fullmatch(r"ansible-core~=(\d+\.\d+)\.0", wanted)
    assert series
    assert (ROOT / f"tests/requirements/ansible-{series[1]}.txt").is_file()
