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
from ansible_collections.mailhost.modoboa.plugins.modules import acme_cert_adopt
from unit.plugins.module_utils.acme.certbot_folder import SERVER, CertbotFolder


def run(capsys: pytest.CaptureFixture[str], **arguments: Any) -> dict[str, Any]:
    """Run the module and return its result."""
    with patch_module_args(arguments), pytest.raises(SystemExit):
        acme_cert_adopt.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_one_or_many(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = CertbotFolder(tmp_path / "letsencrypt")
    paths = {"certbot": str(folder.path), "storage": str(tmp_path / "s"), "acme_directory": SERVER}
    result = run(capsys, name="a.example", **paths)
    assert (result["changed"], result["certificates"][0]["present"]) == (False, False)
    result = run(capsys, certificates=[{"name": "a.example"}], **paths)
    assert (result["changed"], result["account"]["changed"]) == (False, False)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "one of the following is required"),
        ({"name": "a.example", "certificates": []}, "mutually exclusive"),
        ({"name": "A.example"}, "upper-case"),
        ({"name": "a.example", "storage": "relative"}, "absolute path"),
        ({"name": "a.example", "acme_directory": "ca"}, "https:// URL"),
    ],
)
def test_refused(capsys: pytest.CaptureFixture[str], arguments: dict[str, Any], text: str) -> None:
    paths = {"storage": "/nowhere", "acme_directory": SERVER, "certbot": "/nowhere"}
    assert text in run(capsys, **{**paths, **arguments})["msg"]


def test_documented_as_it_is() -> None:
    documented = yaml.safe_load(acme_cert_adopt.DOCUMENTATION)["options"]
    spec = acme_cert_adopt.argument_spec()
    assert documented.keys() == spec.keys()
    for name, option in spec.items():
        for key in ("type", "elements", "default", "required", "choices"):
            assert documented[name].get(key) == option.get(key), name
    assert documented["certificates"]["suboptions"].keys() == spec["certificates"]["options"].keys()
