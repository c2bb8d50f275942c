# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.modules import acme_cert_import


def run(capsys: pytest.CaptureFixture[str], **arguments: Any) -> dict[str, Any]:
    """Run the module and return its result."""
    with patch_module_args(arguments), pytest.raises(SystemExit):
        acme_cert_import.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_asked_what_is_here(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    question = {"storage": str(tmp_path), "names": ["a.example"]}
    checked = run(capsys, **question, _ansible_check_mode=True)
    assert (checked["fingerprints"], checked["recipient"]) == ({"a.example": ""}, None)
    assert list(tmp_path.iterdir()) == []
    asked = run(capsys, **question)
    assert asked["recipient"]
    assert asked["changed"] is False
    assert run(capsys, **question)["recipient"] != asked["recipient"]


def test_one_that_cannot_be_read_keeps_nobody_waiting(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fingerprint_of(_store: CertificateStore, folder: str) -> str:
        if folder == "a.example":
            raise OSError(errno.EIO, "Input/output error")
        return "something"

    monkeypatch.setattr(acme_cert_import, "fingerprint_of", fingerprint_of)
    result = run(capsys, storage=str(tmp_path), names=["a.example", "b.example"])
    assert result["fingerprints"] == {"a.example": "", "b.example": "something"}


def test_nothing_was_offered(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result = run(capsys, storage=str(tmp_path), offered=[])
    assert (result["changed"], result["certificates"]) == (False, [])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"storage": "relative/path", "names": []}, "absolute path"),
        ({"storage": "/nowhere"}, "one of the following is required"),
        ({"storage": "/nowhere", "names": ["A.example"]}, "upper-case"),
        ({"storage": "/nowhere", "offered": [{"name": "a.example"}]}, "sealed is missing"),
    ],
)
def test_refused(capsys: pytest.CaptureFixture[str], arguments: dict[str, Any], text: str) -> None:
    assert text in run(capsys, **arguments)["msg"]


def test_documented_as_it_is() -> None:
    documented = yaml.safe_load(acme_cert_import.DOCUMENTATION)["options"]
    spec = acme_cert_import.argument_spec()
    assert documented.keys() == spec.keys()
    for name, option in spec.items():
        for key in ("type", "elements", "default", "required"):
            assert documented[name].get(key) == option.get(key), name
