# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mailhost.modoboa.plugins.modules import acme_cert_export


def run(capsys: pytest.CaptureFixture[str], **arguments: Any) -> dict[str, Any]:
    """Run the module and return its result."""
    with patch_module_args(arguments), pytest.raises(SystemExit):
        acme_cert_export.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_an_empty_storage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result = run(capsys, storage=str(tmp_path), fingerprints={"a.example": ""}, recipient="A")
    assert (result["changed"], result["offered"], result["sealed"]) == (False, [], None)
    assert [entry["present"] for entry in result["certificates"]] == [False]
    assert list(tmp_path.iterdir()) == []


def test_renewed_counts_in_check_mode_only(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    question = {
        "storage": str(tmp_path),
        "fingerprints": {"a.example": ""},
        "renewed": ["a.example"],
    }
    assert run(capsys, **question, _ansible_check_mode=True)["offered"] == [{"name": "a.example"}]
    assert run(capsys, **question, recipient="A")["offered"] == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"storage": "relative/path", "recipient": "A"}, "absolute path"),
        ({"storage": "/nowhere"}, "recipient is missing"),
    ],
)
def test_refused(capsys: pytest.CaptureFixture[str], arguments: dict[str, Any], text: str) -> None:
    assert text in run(capsys, fingerprints={"a.example": ""}, **arguments)["msg"]


def test_documented_as_it_is() -> None:
    documented = yaml.safe_load(acme_cert_export.DOCUMENTATION)["options"]
    spec = acme_cert_export.argument_spec()
    assert documented.keys() == spec.keys()
    for name, option in spec.items():
        for key in ("type", "elements", "default", "required"):
            assert documented[name].get(key) == option.get(key), name
