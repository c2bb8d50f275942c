# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module modoboa_vhost_info: its arguments and its results."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import yaml
from ansible_collections.mailhost.modoboa.plugins.modules import modoboa_vhost_info
from unit.plugins.module_utils.modoboa.script import TOKEN, Answer
from unit.plugins.modules.modoboa_run import Runner


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs the module against a server with three virtual hosts."""
    runner = Runner(modoboa_vhost_info.main, capsys, monkeypatch)
    soon = datetime.now(timezone.utc) + timedelta(days=10, hours=1)
    runner.server.add("mail.b.example", "b.example", status="failed", error="no")
    runner.server.add("mail.a.example", "a.example", status="ready", valid_until=soon.isoformat())
    runner.server.add("mail.c.example", enabled=False)
    return runner


def names(result: dict[str, Any]) -> list[str]:
    return [vhost["name"] for vhost in result["vhosts"]]


def test_all_of_them_by_name(run: Runner) -> None:
    result = run()
    assert not result["changed"]
    assert names(result) == ["mail.a.example", "mail.b.example", "mail.c.example"]
    first = result["vhosts"][0]
    assert first["days_left"] == 10
    assert first["domains"] == ["a.example"]
    assert first["theme"] is None
    assert result["missing"] == []
    assert run.server.log == ["GET virtualhosts/"]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"status": ["failed", "ready"]}, "ab"),
        ({"enabled": False}, "c"),
        ({"domain": "B.example"}, "b"),
        ({"expiring_within": 14}, "a"),
        ({"expiring_within": 10}, ""),
        ({"expiring_within": 0.5}, ""),
        ({"names": []}, ""),
        ({"status": []}, ""),
    ],
)
def test_some_of_them(run: Runner, arguments: dict[str, Any], found: str) -> None:
    assert names(run(check=True, **arguments)) == [f"mail.{letter}.example" for letter in found]
    assert run.server.writes() == []


def test_one_that_is_not_there(run: Runner) -> None:
    result = run(names=["mail.z.example"])
    assert not result.get("failed")
    assert result["vhosts"] == []
    assert result["missing"] == ["mail.z.example"]


def test_themes(run: Runner) -> None:
    result = run(names=["mail.a.example"], theme=True)
    assert result["vhosts"][0]["theme"]["colors"]["primary"] == ""
    assert result["vhosts"][0]["theme"]["logos"]["login"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"names": ["Mail.a.example"]}, "upper-case"),
        ({"status": ["lost"]}, "must be one or more of"),
        ({"domain": ""}, "domain is empty"),
        ({"expiring_within": 1e9}, "Choose 0 to 36500"),
        ({"expiring_within": -1}, "Choose 0 to 36500"),
        ({"expiring_within": float("nan")}, "Choose 0 to 36500"),
    ],
)
def test_refused_before_anything_is_asked(
    run: Runner, arguments: dict[str, Any], words: str
) -> None:
    result = run(**arguments)
    assert result["failed"]
    assert words in result["msg"]
    assert run.server.log == []


def test_server_that_knows_nobody(run: Runner) -> None:
    run.server.faults["GET virtualhosts/"] = Answer(401, {"detail": f"No token {TOKEN}."})
    result = run()
    assert result["failed"]
    assert "does not accept the credentials" in result["msg"]
    assert "vhosts" not in result
    assert TOKEN not in run.printed


def test_documented_as_it_is() -> None:
    documented = yaml.safe_load(modoboa_vhost_info.DOCUMENTATION)["options"]
    spec = modoboa_vhost_info.argument_spec()
    for name, option in documented.items():
        for key in ("type", "elements", "default", "required", "choices"):
            assert option.get(key) == spec[name].get(key), name


def test_what_is_returned_is_documented(run: Runner) -> None:
    documented = yaml.safe_load(modoboa_vhost_info.RETURN)
    result = run(names=["mail.a.example"], theme=True)
    (vhost,) = result["vhosts"]
    assert list(vhost) == list(documented["vhosts"]["contains"])
    assert set(vhost["theme"]) == set(documented["vhosts"]["contains"]["theme"]["contains"])
    assert set(result) - {"changed", "invocation"} == set(documented)
