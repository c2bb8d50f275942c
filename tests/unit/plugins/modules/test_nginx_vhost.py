# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its documentation, its errors, its result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import arguments
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import first_line
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.rendering import (
    Rendering,
    pack,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from ansible_collections.mailhost.modoboa.plugins.modules import nginx_vhost

COMMON = {
    "name": "a.example.com",
    "storage": "/var/lib/storage",
    "application": "unix:/run/a.sock",
    "frontend_root": "/srv/frontend",
    "static_root": "/srv/static",
    "media_root": "/srv/media",
}


def run(capsys: pytest.CaptureFixture[str], diff: bool = False, **options: Any) -> dict[str, Any]:
    """The result that the module prints."""
    with (
        patch_module_args({**COMMON, **options, "_ansible_diff": diff}),
        pytest.raises(SystemExit),
    ):
        nginx_vhost.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_every_option_is_documented_as_it_is() -> None:
    documented = yaml.safe_load(nginx_vhost.DOCUMENTATION)["options"]
    assert_same(arguments.argument_spec(), documented)


def assert_same(spec: dict[str, Any], documented: dict[str, Any]) -> None:
    assert set(spec) == set(documented)
    for option, entry in spec.items():
        for key in ("type", "elements", "default", "choices", "required"):
            assert entry.get(key) == documented[option].get(key), (option, key)
        if "options" in entry:
            assert_same(entry["options"], documented[option]["suboptions"])


@pytest.mark.parametrize(
    "rendered",
    [
        None,
        "",
        "nonsense",
        pack(Rendering()),
        pack(Rendering({"a.example.com": {}})),
        pack(Rendering({"a.example.com": {"present": "server {}"}})),
        pack(Rendering({"a.example.com": {"present": first_line("b.example.com", "present")}})),
    ],
)
def test_the_action_plugin_was_bypassed(
    capsys: pytest.CaptureFixture[str], rendered: str | None
) -> None:
    result = run(capsys, rendered=rendered)
    assert result["failed"]
    assert "without its action plugin" in result["msg"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"static_root": "/srv/$host"}, "means something to nginx"),
        ({"storage": "$HOME/storage"}, "means something to nginx"),
        ({"media_root": "~/media"}, "is not an absolute path"),
    ],
)
def test_options_are_checked_on_the_host_too(
    capsys: pytest.CaptureFixture[str], options: dict[str, Any], message: str
) -> None:
    result = run(capsys, **options)
    assert result["failed"]
    assert message in result["msg"]


def test_no_such_directory(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result = run(capsys, state="absent", sites_available=f"{tmp_path}/none")
    assert result["failed"]
    assert "sites_available: there is no directory" in result["msg"]


def outcome(**changes: Any) -> Outcome:
    host = {"name": "a.example.com", "changed": False, "failed": False, "error": None}
    values: dict[str, Any] = {
        "results": [host],
        "catch_all": None,
        "diff": [{"before": "", "after": "x"}],
        "reloaded": False,
        "recovered": False,
    }
    return Outcome(**{**values, **changes})


@pytest.mark.parametrize("diff", [False, True])
def test_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, diff: bool
) -> None:
    monkeypatch.setattr(nginx_vhost, "run", lambda *_arguments: outcome(reloaded=True))
    result = run(capsys, diff)
    assert not result.get("failed")
    assert (result["changed"], result["reloaded"]) == (False, True)
    assert result["vhosts"] == outcome().results
    assert result.get("diff") == (outcome().diff if diff else None)


def test_recovery_is_a_change(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nginx_vhost, "run", lambda *_arguments: outcome(recovered=True))
    assert run(capsys)["changed"]


def test_a_host_failed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {"name": "b.example.com", "changed": False, "failed": True, "error": "why"}
    found = outcome(results=[*outcome().results, bad])
    monkeypatch.setattr(nginx_vhost, "run", lambda *_arguments: found)
    result = run(capsys)
    assert result["failed"]
    assert result["msg"] == "1 of 2 virtual hosts failed: b.example.com: why"
    assert result["vhosts"] == found.results


def test_the_catch_all_failed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    catch_all = {"state": "absent", "changed": False, "failed": True, "error": "why"}
    monkeypatch.setattr(nginx_vhost, "run", lambda *_arguments: outcome(catch_all=catch_all))
    result = run(capsys)
    assert result["failed"]
    assert result["msg"] == "1 of 2 virtual hosts failed: the catch-all: why"
    assert result["catch_all"] == catch_all


def test_the_catch_all_changed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    catch_all = {"state": "present", "changed": True, "failed": False, "error": None}
    monkeypatch.setattr(nginx_vhost, "run", lambda *_arguments: outcome(catch_all=catch_all))
    result = run(capsys)
    assert (result["changed"], result["catch_all"]) == (True, catch_all)


def test_without_a_catch_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nginx_vhost, "run", lambda *_arguments: outcome())
    assert "catch_all" not in run(capsys)
