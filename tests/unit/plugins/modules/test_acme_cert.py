# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, up to the CA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailhost.modoboa.plugins.doc_fragments.acme import ModuleDocFragment
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import libraries
from ansible_collections.mailhost.modoboa.plugins.modules import acme_cert
from unit.plugins.modules.acme_run import Runner


@pytest.fixture
def run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    """Run the module and return its result. Nothing answers at the directory."""
    return Runner(acme_cert.main, tmp_path / "storage", capsys, monkeypatch)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name": "a.example", "certificates": [{"name": "a.example"}]}, "mutually exclusive"),
        ({"names": ["a.example"]}, "name"),
        ({"acme_directory": None}, "acme_directory"),
        ({"storage": None}, "storage"),
        ({"name": "a.example", "key_type": "P-512"}, "key_type"),
        ({"name": "A.example"}, "upper-case"),
        ({"certificates": [{"name": "a.example"}, {"name": "a.example"}]}, "listed 2 times"),
        ({"account_contact": ["nobody"]}, "no mail address"),
        ({"storage": "relative/path"}, "absolute path"),
        ({"acme_directory": "ca.example"}, "https:// URL"),
        ({"ca_path": "/nowhere/ca.pem"}, "does not exist on this host"),
        ({"concurrency": 0}, "Choose 1 to 64"),
        ({"name": "*.a.example"}, "which only the challenge dns can prove"),
        ({"name": "a.example", "challenge": "dns"}, "needs a dns_hook"),
        ({"dns_hook": []}, "dns_hook is empty"),
        ({"dns_hook": ["hook"], "dns_hook_timeout": 0}, "dns_hook_timeout is 0"),
        ({"look_port": 0}, "look_port is 0"),
        ({"look_resolver": "ns.example"}, "look_resolver"),
        ({"renew_days": -1}, "renew_days is -1"),
        ({"run_interval": -0.5}, "run_interval is -0.5"),
        ({"run_interval": "nan"}, "run_interval is nan"),
        ({"run_interval": 1e300}, "Choose 0 to 8760"),
        ({"owner": "nobody-of-this-name"}, "nobody-of-this-name"),
        ({"owner": "²"}, "Create it first, or name another"),
        ({"group": "²"}, "Create it first, or name another"),
        ({"timeout": 0}, "timeout is 0. Give more than 0"),
        ({"timeout": "nan"}, "timeout is nan"),
        ({"order_timeout": -5}, "order_timeout is -5. Give more than 0"),
        ({"order_timeout": 1e12}, "order_timeout is 1e+12"),
    ],
)
def test_refused_before_anything_is_touched(
    run: Runner, tmp_path: Path, arguments: dict[str, Any], text: str
) -> None:
    result = run(**arguments)
    assert result["failed"]
    assert text in result["msg"]
    assert list(tmp_path.iterdir()) == []


def test_check_mode_predicts_without_a_ca(run: Runner, tmp_path: Path) -> None:
    result = run(check=True, name="a.example", names=["b.example"])
    assert result["changed"]
    assert result["account"] == {"uri": None, "thumbprint": None, "changed": True}
    (certificate,) = result["certificates"]
    assert certificate["names"] == ["a.example", "b.example"]
    assert certificate["reason"] == "there is no certificate"
    assert [entry["after_header"] for entry in result["diff"]] == [
        "ACME account",
        "certificate a.example",
    ]
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_ca_is_told_per_certificate(run: Runner) -> None:
    result = run(certificates=[{"name": "a.example"}, {"name": "b.example", "state": "absent"}])
    assert result["failed"]
    assert result["msg"].startswith(
        "1 of 2 certificates failed: a.example: directory: the CA at https://127.0.0.1:1 cannot be"
        " reached: "
    )
    assert [each["failed"] for each in result["certificates"]] == [True, False]
    assert result["certificates"][0]["step"] == "directory"


def test_the_environment_names_the_directory(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_DIRECTORY_URL", "https://from.environment.test/directory")
    result = run(check=True, acme_directory=None, name="a.example")
    assert "directory: https://from.environment.test/directory\n" in result["diff"][0]["after"]


def test_state_and_key_type_of_the_task_hold_for_items(run: Runner) -> None:
    result = run(check=True, certificates=[{"name": "a.example"}], state="absent")
    assert not result["changed"]
    assert result["certificates"][0]["reason"] == "there is nothing to remove"


def test_missing_libraries_are_named(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name == "acme" else name)
    message = run(name="a.example")["msg"]
    assert "python3-acme" in message
    assert "PyPI" in message


def test_a_library_that_only_one_option_needs(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name == "dns" else name)
    assert "python3-dnspython" in run(name="a.example", look_resolver="192.0.2.53")["msg"]
    assert not run(check=True, name="a.example").get("failed")


def test_documented_as_it_is() -> None:
    documented = {
        **yaml.safe_load(acme_cert.DOCUMENTATION)["options"],
        **yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"],
    }
    compare(documented, acme_cert.argument_spec())


def compare(documented: dict[str, Any], spec: dict[str, Any]) -> None:
    assert documented.keys() == spec.keys()
    for name, option in spec.items():
        description = documented[name]
        for key in ("type", "elements", "default", "choices"):
            assert description.get(key) == option.get(key), name
        assert description.get("required", False) == option.get("required", False), name
        if "options" in option:
            compare(description["suboptions"], option["options"])
