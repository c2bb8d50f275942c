# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module modoboa_vhost: its arguments, its results, its end."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.modules import modoboa_vhost
from unit.plugins.module_utils.modoboa.script import TOKEN, URL, Answer
from unit.plugins.module_utils.modoboa.server import Server
from unit.plugins.modules.modoboa_run import Runner


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs the module against a server with two mail domains."""
    runner = Runner(modoboa_vhost.main, capsys, monkeypatch)
    runner.server = Server(["a.example", "b.example"])
    return runner


def test_one_at_top_level(run: Runner) -> None:
    result = run(name="mail.a.example", domains=["a.example"])
    assert result["changed"]
    assert result["vhosts"] == [
        {
            "name": "mail.a.example",
            "pk": 1,
            "created": True,
            "domains": ["a.example"],
            "enabled": True,
            "status": "pending",
            "error_recorded": "",
            "certificate_valid_until": None,
            "exists": True,
            "domains_elsewhere": {},
            "domains_created": [],
            "retried": False,
            "pruned": False,
            "changed": True,
            "failed": False,
            "error": None,
        }
    ]
    assert not run(name="mail.a.example", domains=["a.example"])["changed"]


def test_diff_has_only_what_changes(run: Runner) -> None:
    run.server.add("mail.a.example", "a.example")
    run.server.add("mail.b.example", "b.example")
    result = run(vhosts=[{"name": "mail.a.example"}, {"name": "mail.b.example", "status": "ready"}])
    assert result["diff"] == [
        {
            "before_header": "mail.b.example",
            "after_header": "mail.b.example",
            "before": {"status": "pending"},
            "after": {"status": "ready"},
        }
    ]


def test_check_mode(run: Runner) -> None:
    predicted = run(check=True, name="mail.a.example", domains=["a.example"])
    assert run.server.writes() == []
    done = run(name="mail.a.example", domains=["a.example"])
    assert predicted["diff"] == done["diff"]


def test_one_failure_of_two(run: Runner) -> None:
    result = run(
        vhosts=[
            {"name": "mail.a.example", "domains": ["nope.example"]},
            {"name": "mail.b.example", "domains": ["b.example"]},
        ]
    )
    assert result["failed"]
    assert result["changed"]
    assert result["msg"].startswith("1 of 2 virtual hosts failed: mail.a.example: Modoboa has no")
    assert [item["failed"] for item in result["vhosts"]] == [True, False]
    assert list(run.server.hosts) == ["mail.b.example"]


def test_state_of_the_task_counts_where_an_item_has_none(run: Runner) -> None:
    run.server.add("mail.a.example")
    run.server.add("mail.b.example")
    run(
        state="absent",
        vhosts=[{"name": "mail.a.example"}, {"name": "mail.b.example", "state": "disabled"}],
    )
    assert list(run.server.hosts) == ["mail.b.example"]
    assert not run.server.hosts["mail.b.example"]["enabled"]


def test_connection_that_fails_ends_the_task_without_results(run: Runner) -> None:
    run.server.faults["GET virtualhosts/"] = Answer(401, {"detail": "Invalid token."})
    result = run(name="mail.a.example")
    assert result["failed"]
    assert "does not accept the credentials" in result["msg"]
    assert "vhosts" not in result
    assert not result["changed"]


def test_connection_that_fails_half_way_says_that_something_has_changed(run: Runner) -> None:
    run.server.takes_bulk = False
    run.server.faults["PATCH domains/101/"] = Answer(401, {"detail": "Invalid token."})
    result = run(
        vhosts=[
            {"name": "mail.a.example", "domains": ["a.example"]},
            {"name": "mail.b.example", "domains": ["b.example"]},
        ]
    )
    assert result["failed"]
    assert result["changed"]


def test_token_is_never_shown(run: Runner) -> None:
    run.server.faults["GET virtualhosts/"] = Answer(403, {"detail": f"Token {TOKEN} may not."})
    run(name="mail.a.example")
    assert "may not" in run.printed
    assert TOKEN not in run.printed


def test_connection_from_the_environment(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODOBOA_URL", URL)
    monkeypatch.setenv("MODOBOA_TOKEN", TOKEN)
    run.server.add("mail.a.example")
    assert not run.bare(name="mail.a.example").get("failed")
    assert TOKEN not in run.printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "one of the following is required: name, vhosts"),
        ({"name": "mail.a.example", "vhosts": []}, "mutually exclusive: vhosts|name"),
        ({"vhosts": [], "status": "ready"}, "mutually exclusive: vhosts|status"),
        ({"vhosts": [{"domains": []}]}, "missing required arguments: name"),
        ({"name": "Mail.a.example"}, "upper-case"),
        ({"name": "mail.a.example", "prune": True}, "missing: vhosts"),
        ({"vhosts": [], "prune": True}, "an empty list of vhosts"),
        ({"vhosts": [], "create_domains": {"admin": {"username": "x"}}}, "password"),
        ({"name": "mail.a.example", "status": "failed"}, "needs an error"),
        ({"name": "mail.a.example", "wait_timeout": -1}, "not between 0 and 86400"),
        ({"name": "mail.a.example", "wait_timeout": float("nan")}, "not between 0 and 86400"),
    ],
)
def test_arguments_that_make_no_sense(run: Runner, arguments: dict[str, Any], words: str) -> None:
    result = run(**arguments)
    assert result["failed"]
    assert words in result["msg"]
    assert run.server.log == []


def test_empty_list_is_fine(run: Runner) -> None:
    result = run(vhosts=[])
    assert not result["changed"]
    assert result["vhosts"] == []


def test_server_that_takes_no_reports_draws_a_warning(run: Runner) -> None:
    run.server.cut_down()
    run.server.add("mail.a.example")
    run(name="mail.a.example", status="ready")
    assert [text for text in run.warnings if "takes no reports" in text]


def test_password_of_an_administrator_is_never_shown(run: Runner) -> None:
    admin = {"username": "admin", "password": "Planted-Secret-3"}
    result = run(
        vhosts=[{"name": "mail.c.example", "domains": ["c.example"]}],
        create_domains={"quota": "1GB", "admin": admin},
    )
    assert result["vhosts"][0]["domains_created"] == ["c.example"]
    run.server.faults["POST domains/"] = Answer(400, {"detail": "Planted-Secret-3 is too short."})
    failed = run(name="mail.d.example", domains=["d.example"], create_domains={"admin": admin})
    assert "is too short" in failed["msg"]
    assert "Planted-Secret-3" not in run.printed


def test_options_of_the_task_count_where_an_item_has_none(run: Runner) -> None:
    run.server.add("mail.a.example", "a.example")
    run.server.add("mail.b.example", "b.example")
    run(
        exclusive=True,
        vhosts=[
            {"name": "mail.a.example", "domains": []},
            {"name": "mail.b.example", "domains": [], "exclusive": False},
        ],
    )
    assert run.server.hosts["mail.a.example"]["domains"] == []
    assert run.server.hosts["mail.b.example"]["domains"] == ["b.example"]


def test_prune(run: Runner) -> None:
    run.server.add("mail.a.example", "a.example")
    run.server.add("mail.b.example", "b.example")
    run.server.add("mail.c.example")
    arguments: dict[str, Any] = {
        "vhosts": [{"name": "mail.a.example"}],
        "prune": True,
        "keep": ["mail.c.example"],
    }
    result = run(**arguments)
    assert [(item["name"], item["pruned"]) for item in result["vhosts"]] == [
        ("mail.a.example", False),
        ("mail.b.example", True),
    ]
    assert sorted(run.server.hosts) == ["mail.a.example", "mail.c.example"]
    assert not run(**arguments)["changed"]
    assert run(vhosts=[], prune=True, allow_empty=True)["changed"]
    assert run.server.hosts == {}
