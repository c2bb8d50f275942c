# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, up to the CA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailhost.modoboa.plugins.doc_fragments.acme import ModuleDocFragment
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import libraries
from ansible_collections.mailhost.modoboa.plugins.modules import acme_account
from unit.plugins.modules.acme_run import Runner

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQ"


@pytest.fixture
def run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    """Run the module and return its result. Nothing answers at the directory."""
    return Runner(acme_account.main, tmp_path / "storage", capsys, monkeypatch)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"acme_directory": None}, "acme_directory"),
        ({"acme_directory": "https://"}, "https:// URL"),
        ({"acme_directory": "https://[x/directory"}, "https:// URL"),
        ({"acme_directory": "https://ca.test:port/directory"}, "https:// URL"),
        ({"ca_path": __file__}, "holds no certificate"),
        ({"timeout": 0}, "timeout is 0. Give more than 0"),
        ({"storage": None}, "storage"),
        ({"storage": "relative/path"}, "absolute path"),
        ({"state": "gone"}, "state"),
        ({"account_key_type": "P-384"}, "account_key_type"),
        ({"account_contact": ["nobody"]}, "no mail address"),
        ({"key_max_age": 0}, "key_max_age is 0"),
        ({"eab_kid": "kid-1"}, "eab_hmac_key is not"),
        ({"eab_hmac_key": SECRET}, "eab_kid is not"),
        ({"eab_kid": "kid-1", "eab_hmac_key": "not+base64url"}, "not base64url"),
        ({"eab_algorithm": "RS256"}, "eab_algorithm"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_refused_before_anything_is_touched(
    run: Runner, tmp_path: Path, arguments: dict[str, Any], text: str, check: bool
) -> None:
    result = run(check=check, **arguments)
    assert result["failed"]
    assert text in result["msg"]
    assert list(tmp_path.iterdir()) == []


def test_check_mode_predicts_without_a_ca(run: Runner, tmp_path: Path) -> None:
    result = run(check=True, account_contact=["hostmaster@example.org"])
    assert result["changed"]
    assert result["account"]["reason"] == "no account is recorded here"
    assert result["account"]["status"] == "absent"
    (diff,) = result["diff"]
    assert diff["before"] == ""
    assert "contact: mailto:hostmaster@example.org\nkey: a new one, P-256\n" in diff["after"]
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_remove_needs_no_ca(run: Runner) -> None:
    result = run(state="absent", terms_agreed=False)
    assert not result.get("failed")
    assert not result["changed"]


def test_an_unreachable_ca(run: Runner, tmp_path: Path) -> None:
    result = run()
    assert result["failed"]
    assert not result["changed"]
    assert "the CA at https://127.0.0.1:1 cannot be reached: " in result["msg"]
    assert result["problem"]["url"] == "https://127.0.0.1:1/directory"
    assert result["account"]["uri"] is None
    assert list(tmp_path.iterdir()) == []


def test_a_missing_consent_is_no_problem_of_the_ca(run: Runner) -> None:
    result = run(terms_agreed=False)
    assert "terms of service" in result["msg"]
    assert result["problem"] is None


def test_the_environment_may_hold_the_binding(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_EAB_KID", "kid-1")
    assert "eab_hmac_key is not" in run(check=True)["msg"]
    monkeypatch.setenv("ACME_EAB_HMAC_KEY", SECRET)
    result = run(check=True)
    assert result["changed"]
    assert SECRET not in json.dumps(result)


def test_missing_libraries_are_named(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name == "josepy" else name)
    assert "python3-josepy" in run()["msg"]


def test_documented_as_it_is() -> None:
    documented = {
        **yaml.safe_load(acme_account.DOCUMENTATION)["options"],
        **yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"],
    }
    spec = acme_account.argument_spec()
    assert documented.keys() == spec.keys()
    for name, option in spec.items():
        for key in ("type", "elements", "default", "choices"):
            assert documented[name].get(key) == option.get(key), name
        assert documented[name].get("required", False) == option.get("required", False), name
