# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""modoboa_vhost against a real Modoboa with the extension."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import pytest
from bed import Bed
from integration.modoboa_task import ModoboaTask
from integration.published_contract.server import PublishedContract

ALL = "virtualhosts/?page_size=1000"
UNTIL = "2031-02-03T04:05:06Z"


@pytest.fixture(scope="module")
def vhost(bed: Bed) -> ModoboaTask:
    """The module, and a Modoboa with some mail domains."""
    for name in ("one", "two", "three", "four", "five", "six"):
        bed.modoboa.create_domain(f"{name}.vhost.test")
    return ModoboaTask(bed, "modoboa_vhost", "vhosts")


@pytest.fixture(params=["extension", "published_contract"])
def either(request: pytest.FixtureRequest, bed: Bed, vhost: ModoboaTask) -> ModoboaTask:
    """The module with the extension, and with a server that has the published contract alone."""
    if request.param == "extension":
        return vhost
    server: PublishedContract = request.getfixturevalue("published_contract")
    return ModoboaTask(bed, "modoboa_vhost", "vhosts", server)


def record(bed: Bed, name: str) -> dict[str, Any] | None:
    """What the server has under a name."""
    listed = bed.modoboa.request("GET", ALL).json()
    return next((host for host in listed["results"] if host["name"] == name), None)


def put(bed: Bed, name: str, *domains: str, **more: Any) -> None:
    """Have a virtual host there."""
    body = {"virtualhosts": [{"name": name, "domains": domains, "enabled": True, **more}]}
    bed.modoboa.request("POST", "virtualhosts/bulk/", json=body)


def remove(bed: Bed, *names: str) -> None:
    """Have virtual hosts gone."""
    for name in names:
        found = record(bed, name)
        if found is not None:
            bed.modoboa.request("DELETE", f"virtualhosts/{found['pk']}/")


def test_life_of_a_virtual_host(bed: Bed, vhost: ModoboaTask) -> None:
    name = "mail.one.vhost.test"
    created, disabled, gone = vhost.settle_each(
        {"name": name, "domains": ["one.vhost.test", "Two.vhost.test"]},
        {"name": name, "state": "disabled"},
        {"name": name, "state": "absent"},
    )
    assert created["vhosts"][0]["created"]
    assert created["vhosts"][0]["status"] == "pending"
    assert created["vhosts"][0]["domains"] == ["one.vhost.test", "two.vhost.test"]
    assert disabled["diff"][0]["after"] == {"enabled": False}
    assert gone["changed"]
    assert record(bed, name) is None
    assert bed.modoboa.request("GET", "domains/", params={"search": "one.vhost.test"}).json()[
        "count"
    ]


def test_list_with_failures_a_move_and_a_disabled_one(bed: Bed, either: ModoboaTask) -> None:
    remove(bed, "mail.three.vhost.test", "mail.five.vhost.test")
    put(bed, "mail.four.vhost.test", "three.vhost.test", "four.vhost.test")
    result = either.settle(
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


def test_exactly_these_virtual_hosts_with_exactly_these_domains(
    bed: Bed, either: ModoboaTask
) -> None:
    old, new = "mail.old.exact.vhost.test", "mail.new.exact.vhost.test"
    kept = [host["name"] for host in bed.modoboa.request("GET", ALL).json()["results"]]
    put(bed, old, "one.vhost.test", "two.vhost.test", "three.vhost.test")
    # One for each server, since the account of its administrator outlives it
    made = f"made-{urlsplit(either.connection()['url']).port}.vhost.test"
    admin = {"username": "admin", "password": "Planted-Secret-4", "with_mailbox": True}
    first, second = either.settle_each(
        {
            "vhosts": [{"name": new, "domains": ["one.vhost.test", made]}],
            "create_domains": {
                "quota": "2GB",
                "default_mailbox_quota": "100MB",
                "admin": admin,
            },
            "move": False,
            "prune": True,
            "keep": kept,
        },
        {"name": new, "domains": ["two.vhost.test"], "exclusive": True},
    )
    new_one, pruned = first["vhosts"]
    assert new_one["domains"] == [made, "one.vhost.test"]
    assert new_one["domains_created"] == [made]
    assert (pruned["name"], pruned["pruned"], pruned["exists"]) == (old, True, False)
    assert "Planted-Secret-4" not in json.dumps(first)
    listed = bed.modoboa.request("GET", "domains/", params={"search": made}).json()
    assert [(each["name"], int(each["quota"])) for each in listed["results"]] == [(made, 2048)]
    assert second["diff"][0]["before"] == {"domains": [made, "one.vhost.test"]}
    assert second["diff"][0]["after"] == {"domains": ["two.vhost.test"]}
    found = record(bed, new)
    assert found is not None
    assert [domain["name"] for domain in found["domains"]] == ["two.vhost.test"]

    remove(bed, new)
    bed.modoboa.delete_domain(made)


def test_one_that_failed_is_tried_again(bed: Bed, either: ModoboaTask) -> None:
    name = "mail.six.vhost.test"
    put(bed, name, "six.vhost.test", status="failed", error="no address")
    result = either.settle(name=name, retry=True)
    assert result["diff"][0]["before"] == {"status": "failed", "error": "no address"}
    assert result["diff"][0]["after"] == {"status": "pending", "error": ""}
    assert result["vhosts"][0]["retried"]


def test_waiting_for_a_server_that_provisions(
    bed: Bed, vhost: ModoboaTask, published_contract: PublishedContract
) -> None:
    name = "mail.six.vhost.test"
    put(bed, name, "six.vhost.test", status="pending")
    alone = ModoboaTask(bed, "modoboa_vhost", "vhosts", published_contract)
    late, unreported, others = alone.run_each(
        {"name": name, "wait": True, "wait_timeout": 1},
        {"name": name, "status": "ready"},
        {**vhost.connection(), "name": name, "wait": True},
    )
    assert "provisioning is still pending after 1 seconds" in late["msg"]
    assert not unreported["changed"]
    assert "takes no reports" in unreported["warnings"][0]
    assert not others["failed"]
    assert "leaves provisioning to others" in others["warnings"][0]

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(alone.run, name=name, wait=True, wait_timeout=120)
        sleep(5)
        put(bed, name, status="ready")
        done = waiting.result()
    assert not done["failed"]
    assert not done["changed"]
    assert done["vhosts"][0]["status"] == "ready"


def test_reports(bed: Bed, vhost: ModoboaTask) -> None:
    name = "mail.six.vhost.test"
    put(bed, name, "six.vhost.test", status="pending")
    failed, ready, pending = vhost.settle_each(
        {"name": name, "status": "failed", "error": "the name does not resolve\n"},
        {
            "name": name,
            "status": "ready",
            "certificate_valid_until": "2031-02-03T06:05:06+02:00",
        },
        {"name": name, "status": "pending"},
    )
    assert failed["vhosts"][0]["error_recorded"] == "the name does not resolve"
    assert ready["vhosts"][0]["certificate_valid_until"] == UNTIL
    assert pending["vhosts"][0]["certificate_valid_until"] == UNTIL
    found = record(bed, name)
    assert found is not None
    assert found["provisioning_status"] == "pending"
    assert found["last_provisioning_error"] == ""


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
