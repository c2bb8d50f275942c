# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's options."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mailhost.modoboa.plugins.modules import nginx_vhost_info


def run(capsys: pytest.CaptureFixture[str], **arguments: Any) -> dict[str, Any]:
    """Run the module and return its result."""
    with patch_module_args(arguments), pytest.raises(SystemExit):
        nginx_vhost_info.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "missing required arguments: vhosts"),
        ({"vhosts": [], "nginx": "no-such-nginx"}, "there is no program no-such-nginx"),
        ({"vhosts": [], "nginx": "false"}, "nginx does not take its configuration"),
    ],
)
def test_refused(capsys: pytest.CaptureFixture[str], arguments: dict[str, Any], text: str) -> None:
    assert text in run(capsys, **arguments)["msg"]


def test_documented_as_it_is() -> None:
    documented = yaml.safe_load(nginx_vhost_info.DOCUMENTATION)["options"]
    spec = nginx_vhost_info.argument_spec()
    assert documented.keys() == spec.keys()
    for name, option in spec.items():
        for key in ("type", "elements", "default", "required"):
            assert documented[name].get(key) == option.get(key), name
