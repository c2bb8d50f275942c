# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about the collection that are written down in more than one place agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
FRAGMENT = "mailhost.modoboa.attributes"
GROUP_FRAGMENT = f"{FRAGMENT}.actiongroup_"


def read_yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def strings_of(path: Path) -> dict[str, str]:
    """Return the string constants that a file, or the class in it, assigns to upper-case names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        target.id: str(statement.value.value)
        for statement in ast.walk(tree)
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id.isupper()
    }


def documentation(module: str) -> dict[str, Any]:
    text = strings_of(ROOT / f"plugins/modules/{module}.py")["DOCUMENTATION"]
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def fragments(module: str) -> list[str]:
    named = documentation(module).get("extends_documentation_fragment", [])
    return [named] if isinstance(named, str) else list(named)


def attribute_fragments() -> dict[str, dict[str, Any]]:
    """Return the attributes in each part of the attributes fragment."""
    parts = strings_of(ROOT / "plugins/doc_fragments/attributes.py")
    return {name: yaml.safe_load(text)["attributes"] for name, text in parts.items()}


def test_there_are_modules_and_roles() -> None:
    assert MODULES
    assert ROLES


@pytest.mark.parametrize("module", MODULES)
def test_module_has_its_own_tests(module: str) -> None:
    assert (ROOT / f"tests/unit/plugins/modules/test_{module}.py").is_file()
    assert (ROOT / f"tests/integration/test_{module}.py").is_file()


@pytest.mark.parametrize("module", MODULES)
def test_module_promises_check_mode_diff_and_idempotence(module: str) -> None:
    promised = dict(attribute_fragments()["DOCUMENTATION"]) if FRAGMENT in fragments(module) else {}
    promised.update(documentation(module).get("attributes", {}))
    for attribute in ("check_mode", "diff_mode", "idempotent"):
        assert promised.get(attribute, {}).get("support") == "full", attribute


@pytest.mark.parametrize("module", MODULES)
def test_module_supports_check_mode(module: str) -> None:
    source = (ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8")
    assert "supports_check_mode=True" in source


def test_action_groups_are_those_of_the_fragments() -> None:
    documented: dict[str, list[str]] = {}
    for module in MODULES:
        for fragment in fragments(module):
            if fragment.startswith(GROUP_FRAGMENT):
                documented.setdefault(fragment[len(GROUP_FRAGMENT) :], []).append(module)
    assert read_yaml("meta/runtime.yml")["action_groups"] == documented


@pytest.mark.parametrize("group", sorted(read_yaml("meta/runtime.yml")["action_groups"]))
def test_action_group_has_a_fragment_that_names_it(group: str) -> None:
    attribute = attribute_fragments()[f"ACTIONGROUP_{group.upper()}"]["action_group"]
    assert attribute["membership"] == [f"mailhost.modoboa.{group}"]
    assert f"C(group/mailhost.modoboa.{group})" in attribute["description"]


@pytest.mark.parametrize("role", ROLES)
def test_role_defaults_are_as_described(role: str) -> None:
    defaults = read_yaml(f"roles/{role}/defaults/main.yml")
    entry_points = read_yaml(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]
    described = {
        name: option
        for entry_point in entry_points.values()
        for name, option in entry_point["options"].items()
    }
    assert not set(defaults) - set(described), "variables with a default, but no description"
    for name, option in described.items():
        if "default" in option:
            assert option["default"] == defaults.get(name), name


@pytest.mark.parametrize("role", ["certificates", "virtualhosts"])
def test_role_passes_on_the_options_of_the_acme_modules(role: str) -> None:
    variables = read_yaml(f"roles/{role}/vars/main.yml")
    passed = {
        **variables[f"{role}__acme_defaults"],
        **variables[f"{role}__certificate_defaults"],
    }
    fragment = yaml.safe_load(strings_of(ROOT / "plugins/doc_fragments/acme.py")["DOCUMENTATION"])
    offered = {**fragment["options"], **documentation("acme_cert")["options"]}
    described = read_yaml(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]
    options = {
        name: described["options"]["".join(re.findall(rf"{role}_[a-z_]+", template)[:1])]
        for name, template in passed.items()
    }
    for name, option in options.items():
        for fact in ("type", "choices"):
            assert option.get(fact) == offered[name].get(fact), f"{name}: {fact}"
    for name in ("eab_algorithm", "account_key_type", "dns_hook_timeout", "order_timeout"):
        assert options[name].get("default") == offered[name].get("default"), name


def test_licences_are_those_whose_texts_are_here() -> None:
    texts = sorted(path.stem for path in (ROOT / "LICENSES").iterdir())
    assert sorted(read_yaml("galaxy.yml")["license"]) == texts


def test_extension_is_under_the_licence_whose_text_is_here() -> None:
    text = (ROOT / "LICENSES/ISC.txt").read_text(encoding="utf-8")
    assert (ROOT / "server/LICENSE").read_text(encoding="utf-8") == text


def test_oldest_ansible_is_the_one_the_tests_run() -> None:
    promised = re.fullmatch(r">=(\d+\.\d+)\.0", read_yaml("meta/runtime.yml")["requires_ansible"])
    assert promised
    requirements = (ROOT / "tests/requirements/controller.txt").read_text(encoding="utf-8")
    assert re.search(rf"^ansible-core >={re.escape(promised[1])},", requirements, re.MULTILINE)


def test_oldest_python_of_targets_is_the_one_ruff_and_ansible_test_know() -> None:
    promised = read_yaml("tests/config.yml")["modules"]["python_requires"]
    oldest = re.fullmatch(r">=(\d+)\.(\d+)", promised)
    assert oldest
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'target-version = "py{oldest[1]}{oldest[2]}"' in settings


def test_execution_environment_names_a_file_that_is_here() -> None:
    wanted = read_yaml("meta/execution-environment.yml")["dependencies"]["python"]
    # Not from the folder of the file that names it
    assert (ROOT / wanted).is_file()


def test_built_collection_leaves_out_what_is_installed_for_development() -> None:
    assert {".bed", ".git"} <= set(read_yaml("galaxy.yml")["build_ignore"])
