# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module modoboa_theme: its arguments, its results, its end."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.modules import modoboa_theme
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.modules.modoboa_run import Runner

NAME = "mail.a.example"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs the module against a server with one virtual host."""
    runner = Runner(modoboa_theme.main, capsys, monkeypatch)
    runner.server.add(NAME)
    return runner


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """A logo's file."""
    path = tmp_path / "logo.svg"
    path.write_bytes(b"<svg/>")
    return path


def test_one_at_top_level(run: Runner, logo: Path) -> None:
    result = run(name=NAME, colors={"primary": "#ABCDEF"}, logos={"login": str(logo)})
    digest = hashlib.sha256(b"<svg/>").hexdigest()
    assert result["changed"]
    (theme,) = result["themes"]
    assert theme["colors"]["primary"] == "#abcdef"
    assert theme["logos"] == {
        "login": digest,
        "menu": None,
        "creation_form": None,
        "favicon": None,
    }
    assert (theme["name"], theme["changed"], theme["failed"], theme["error"]) == (
        NAME,
        True,
        False,
        None,
    )
    assert result["diff"] == [
        {
            "before_header": NAME,
            "after_header": NAME,
            "before": {"colors": {"primary": ""}, "logos": {"login": None}},
            "after": {"colors": {"primary": "#abcdef"}, "logos": {"login": digest}},
        }
    ]
    again = run(name=NAME, colors={"primary": "#abcdef"}, logos={"login": str(logo)})
    assert not again["changed"]
    assert again["diff"] == []


def test_check_mode(run: Runner, logo: Path) -> None:
    wanted: dict[str, Any] = {"colors": {"label": "#123456"}, "logos": {"menu": str(logo)}}
    predicted = run(check=True, name=NAME, **wanted)
    assert run.server.writes() == []
    done = run(name=NAME, **wanted)
    assert predicted["diff"] == done["diff"]
    assert predicted["themes"] == done["themes"]


def test_texts_and_reset(run: Runner) -> None:
    texts: dict[str, Any] = {"page_title": "Atlas", "sender_address": "noreply@a.example"}
    (theme,) = run(name=NAME, **texts)["themes"]
    assert {name: theme[name] for name in texts} == texts
    result = run(name=NAME, page_title="Atlas", reset=True)
    assert result["diff"][0]["before"] == {"sender_address": "noreply@a.example"}
    assert result["diff"][0]["after"] == {"sender_address": ""}


def test_reset_of_all_but_one(run: Runner) -> None:
    other = "mail.b.example"
    run.server.add(other)
    titles = [{"name": name, "page_title": "Title"} for name in (NAME, other)]
    run(themes=titles)
    result = run(themes=[{"name": NAME}, {"name": other, "reset": False}], reset=True)
    assert [theme["page_title"] for theme in result["themes"]] == ["", "Title"]


def test_one_failure_of_two(run: Runner) -> None:
    result = run(
        themes=[
            {"name": "mail.b.example", "colors": {"primary": "#123456"}},
            {"name": NAME, "colors": {"primary": "#123456"}},
        ]
    )
    assert result["failed"]
    assert result["changed"]
    assert result["msg"].startswith("1 of 2 themes failed: mail.b.example: Modoboa has no such")


def test_connection_that_fails_ends_the_task_without_results(run: Runner) -> None:
    run.server.faults["GET virtualhosts/"] = Answer(
        403, {"detail": "Register.", "code": "license_required"}
    )
    result = run(name=NAME)
    assert result["failed"]
    assert "licence" in result["msg"]
    assert "themes" not in result


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "one of the following is required: name, themes"),
        ({"name": NAME, "themes": []}, "mutually exclusive: themes|name"),
        ({"themes": [], "colors": {}}, "mutually exclusive: themes|colors"),
        ({"themes": [], "page_title": ""}, "mutually exclusive: themes|page_title"),
        ({"name": NAME, "colors": {"tertiary": "#123456"}}, "Unsupported parameters"),
        ({"name": NAME, "colors": {"primary": "blue"}}, "the colour primary is 'blue'"),
        ({"themes": [{"name": NAME}, {"name": NAME}]}, "listed 2 times"),
    ],
)
def test_arguments_that_make_no_sense(run: Runner, arguments: dict[str, Any], words: str) -> None:
    result = run(**arguments)
    assert result["failed"]
    assert words in result["msg"]
    assert run.server.log == []
