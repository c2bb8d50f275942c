# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""modoboa_vhost against a real Modoboa with the extension."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bed import Bed
from integration.modoboa_task import ModoboaTask

UNTIL = "2031-02-03T04:05:06Z"


@pytest.fixture(scope="module")
def vhost(bed: Bed) -> ModoboaTask:
    """The module, and a Modoboa with some mail domains."""
    for name in ("one", "two", "three", "four", "five", "six"):
        bed.modoboa.create_domain(f"{name}.vhost.test")
    return ModoboaTask(bed, "modoboa_vhost", "vhosts")


def record(bed: Bed, name: str) -> dict[str, Any] | None:
    """What the server has under a name."""
    listed = bed.modoboa.request("GET", "virtualhosts/", params={"page_size": 1000}).json()
    return next((host for host in listed["results"] if host["name"] == name), None)


def test_life_of_a_virtual_host(bed: Bed, vhost: ModoboaTask) -> None:
    name = "mail.one.vhost.test"
    created = vhost.settle(name=name, domains=["one.vhost.test", "Two.vhost.test"])
    assert created["vhosts"][0]["created"]
    assert created["vhosts"][0]["status"] == "pending"
    assert created["vhosts"][0]["domains"] == ["one.vhost.test", "two.vhost.test"]

    disabled = vhost.settle(name=name, state="disabled")
    assert disabled["diff"][0]["after"] == {"enabled": False}

    gone = vhost.settle(name=name, state="absent")
    assert gone["changed"]
    assert record(bed, name) is None
    assert bed.modoboa.request("GET", "domains/", params={"search": "one.vhost.test"}).json()[
        "count"
    ]


def test_list_with_failures_a_move_and_a_disabled_one(bed: Bed, vhost: ModoboaTask) -> None:
    vhost.run(name="mail.four.vhost.test", domains=["three.vhost.test", "four.vhost.test"])
    result = vhost.settle(
        vhosts=[
            {"name": "mail.three.vhost.test", "domains": ["three.vhost.test"]},
            {"name": "mail.nowhere.vhost.test", "domains": ["nowhere.vhost.test"]},
            {"name": "mail.five.vhost.test", "domains": ["five.vhost.test"], "state": "disabled"},
            {"name": "mail.four.vhost.test"},
        ]
    )
    moved, failed, disabled, robbed = result["vhosts"]
    assert result["failed"]
    assert "1 of 4 virtual hosts failed: mail.nowhere.vhost.test" in result["msg"]
    assert "no mail domain nowhere.vhost.test" in failed["error"]
    assert result["diff"][0]["before"]["domains_elsewhere"] == {
        "three.vhost.test": "mail.four.vhost.test"
    }
    assert moved["domains"] == ["three.vhost.test"]
    assert disabled["enabled"] is False
    assert robbed["domains"] == ["four.vhost.test"]
    found = record(bed, "mail.five.vhost.test")
    assert found is not None
    assert found["enabled"] is False


def test_reports(bed: Bed, vhost: ModoboaTask) -> None:
    name = "mail.six.vhost.test"
    vhost.run(name=name, domains=["six.vhost.test"])
    result = vhost.settle(name=name, status="failed", error="the name does not resolve\n")
    assert result["vhosts"][0]["error_recorded"] == "the name does not resolve"
    result = vhost.settle(
        name=name, status="ready", certificate_valid_until="2031-02-03T06:05:06+02:00"
    )
    assert result["vhosts"][0]["certificate_valid_until"] == UNTIL
    found = record(bed, name)
    assert found is not None
    assert found["provisioning_status"] == "ready"
    assert found["last_provisioning_error"] == ""
    assert (
        vhost.settle(name=name, status="pending")["vhosts"][0]["certificate_valid_until"] == UNTIL
    )


def test_signing_in_with_a_password(bed: Bed, vhost: ModoboaTask) -> None:
    account = bed.modoboa.administrator
    task = {"name": "mail.absent.vhost.test", "state": "absent", "username": account.username}
    right, wrong = vhost.run_each(
        {**task, "token": "", "password": account.password},
        {**task, "token": "", "password": "wrong-password"},
    )
    assert not right["failed"]
    assert wrong["failed"]
    assert "does not accept user name" in wrong["msg"]


def test_connection_that_fails(vhost: ModoboaTask) -> None:
    faults: list[tuple[dict[str, Any], str]] = [
        ({"token": "0123456789"}, "does not accept the credentials"),
        ({"ca_path": ""}, "name its file as ca_path"),
        ({"url": "https://localhost:1"}, "Connection refused"),
    ]
    results = vhost.run_each(*({"name": "mail.absent.test", **fault} for fault, _words in faults))
    for result, (_fault, words) in zip(results, faults, strict=True):
        assert result["failed"]
        assert words in result["msg"]
        assert "vhosts" not in result


def test_user_who_is_no_super_administrator(bed: Bed, vhost: ModoboaTask) -> None:
    account = bed.modoboa.create_domain("admin.vhost.test", admin_password="Planted-Secret-1")
    assert account is not None
    result = vhost.run(
        name="mail.one.vhost.test", token="", username=account.username, password=account.password
    )
    assert result["failed"]
    assert "super administrator" in result["msg"]
    assert "vhosts" not in result


def test_no_secret_in_the_most_talkative_output(
    bed: Bed, vhost: ModoboaTask, tmp_path: Path
) -> None:
    options = {**vhost.connection(), "password": "Planted-Secret-2", "username": "somebody"}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "module_defaults": {"group/mailhost.modoboa.modoboa": options},
        "tasks": [
            {"mailhost.modoboa.modoboa_vhost": {"name": "mail.absent.test", "state": "absent"}},
            {
                "mailhost.modoboa.modoboa_vhost": {"name": "mail.absent.test"},
                "ignore_errors": True,
            },
        ],
    }
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(json.dumps([play]))
    run = bed.ansible.run_playbook(playbook, diff=True, arguments=["-vvv"])
    assert run.rc == 0
    assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in run.stdout
    for secret in (bed.modoboa.token, "Planted-Secret-2"):
        assert secret not in run.stdout + run.stderr
