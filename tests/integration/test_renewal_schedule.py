# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``renewal_schedule`` with cron's files in a folder, and a run as cron does it."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed.prefix import find
from integration.schedule_controller import NAME, SECRET, Controller, controller_in

INSIST = "Insist on a token for Modoboa"
SAY = "Say that no token for Modoboa is to be seen"
TRUST = "Insist on files of root"


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    with controller_in(tmp_path) as made:
        yield made


def test_scheduled_run_and_taken_away(controller: Controller) -> None:
    predicted = controller.schedule(check=True)
    assert controller.files() == set()
    done = controller.schedule()
    assert done.changed == predicted.changed
    assert SECRET not in predicted.stdout + done.stdout
    settings = controller.root / "etc" / f"{NAME}.json"
    assert settings.stat().st_mode & 0o777 == 0o600
    assert SECRET in settings.read_text()
    assert controller.schedule().changed == 0

    run = controller.cron()
    assert (run.returncode, run.stdout, run.stderr) == (0, "", ""), controller.log()
    assert "changed=0" in controller.log()
    notes = controller.root / "var/lib" / NAME / "notes"
    assert json.loads((notes / "front.json").read_text()) == {"host": "front", "certificates": []}

    certificate = {"name": "mail.a.example", "not_after": "2020-01-02T00:00:00Z"}
    old = {**certificate, "danger_from": "2020-01-01T00:00:00Z"}
    (notes / "front.json").write_text(json.dumps({"host": "front", "certificates": [old]}))
    warned = controller.cron("--watch")
    assert warned.returncode == 3
    assert "mail.a.example on front: its certificate ends 2020-01-02T00:00:00Z" in warned.stderr

    away: dict[str, Any] = {"renewal_schedule_state": "absent"}
    lock = notes.with_name("lock")
    with subprocess.Popen(["flock", lock, "sleep", "300"], start_new_session=True) as endless:
        # Patience is a minute more
        refused = controller.try_to_schedule(**away, renewal_schedule_timeout=-59)
        os.killpg(endless.pid, signal.SIGTERM)
    assert "has been under way for more than 1 seconds" in refused.results[-1].result["msg"]

    # At its end, a run has all that it had at its beginning
    predicted = controller.schedule(check=True, **away)
    under_way = f"sleep 15; test -d {notes} && test -e {settings}"
    with subprocess.Popen(["flock", lock, "sh", "-c", under_way]) as running:
        done = controller.schedule(**away)
        assert running.poll() == 0
    assert done.changed == predicted.changed
    assert controller.files() == set()


@pytest.mark.extended
def test_numbers_may_be_texts(controller: Controller) -> None:
    done = controller.schedule(
        renewal_schedule_minute="17",
        renewal_schedule_timeout="600",
        renewal_schedule_hours="19, 07,1,13",
    )
    assert controller.settings()["timeout"] == 600
    # Only that: the hours are the same
    assert controller.schedule().changed == 1, done.stdout


@pytest.mark.extended
def test_texts_may_be_numbers(controller: Controller) -> None:
    given: dict[str, Any] = {
        "renewal_schedule_environment": {
            "MODOBOA_TOKEN": SECRET,
            "ANSIBLE_FORKS": 20,
            "ANSIBLE_PIPELINING": True,
            "ANSIBLE_LIMIT": None,
        },
        "renewal_schedule_arguments": ["--forks", 20],
        "renewal_schedule_alert": ["/usr/bin/test", 491701234567, "-gt", 0],
    }
    done = controller.schedule(**given)
    settings = controller.settings()
    assert settings["environment"]["ANSIBLE_FORKS"] == "20"
    assert settings["environment"]["ANSIBLE_PIPELINING"] == "True"
    assert "ANSIBLE_LIMIT" not in settings["environment"]
    assert settings["command"][-3:-1] == ["--forks", "20"]
    assert settings["alert"] == ["/usr/bin/test", "491701234567", "-gt", "0"]
    assert SECRET not in done.stdout
    assert controller.schedule(**given).changed == 0
    assert controller.cron().returncode == 0, controller.log()
    # None is no token
    given["renewal_schedule_environment"]["MODOBOA_TOKEN"] = None
    assert controller.try_to_schedule(**given).task(INSIST)[0].status == "failed"


@pytest.mark.parametrize(
    "variables",
    [
        {"hours": [7, 24]},
        {"hours": "7,24"},
        {"hours": []},
        {"alert": "/usr/bin/mail,-s,Ends,root"},
        {"arguments": "--forks 20"},
    ],
    ids=str,
)
def test_a_schedule_that_cannot_be_kept_is_refused(
    controller: Controller, variables: dict[str, Any]
) -> None:
    refused = controller.try_to_schedule(
        **{f"renewal_schedule_{name}": value for name, value in variables.items()}
    )
    assert refused.results[-1].task == "Insist on a schedule that can be kept"
    assert controller.files() == set()


def test_without_a_token_at_night_it_is_refused(controller: Controller) -> None:
    bare: dict[str, Any] = {"renewal_schedule_environment": {}}
    for more in (
        {},
        {"check": True},
        {"renewal_schedule_playbook": "mailhost.modoboa.fleet_renew"},
    ):
        refused = controller.try_to_schedule(**bare, **more)
        (message,) = [each.result["msg"] for each in refused.task(INSIST)]
        assert "could not tell the Modoboa of front: no virtualhosts_modoboa_token" in message
        assert controller.files() == set()

    # What else may have one, nobody can see from here
    controller.schedule(**bare, renewal_schedule_arguments=["-e", "@/etc/portals/token.yml"])
    said = controller.schedule(**bare, renewal_schedule_playbook="/srv/portals/renew.yml")
    assert "could not tell the Modoboa of front" in said.task(SAY)[0].result["msg"]
    # Who has no portals needs none
    quiet = controller.schedule(**bare, renewal_schedule_playbook="mailhost.modoboa.certificates")
    assert quiet.task(SAY)[0].status == "skipped"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_root_runs_nothing_that_others_can_write(controller: Controller) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    folder = controller.inventory.parent

    def refused_for(**variables: Any) -> str:
        refused = controller.try_to_schedule(**variables).task(TRUST)[0]
        assert refused.status == "failed"
        assert controller.files() == set()
        message: str = refused.result["msg"]
        assert "renewal_schedule_user" in message
        return message

    os.chown(controller.inventory, nobody, -1)
    assert f" write: {controller.inventory}. " in refused_for(check=True)
    controller.schedule(check=True, renewal_schedule_user="nobody")

    os.chown(controller.inventory, 0, -1)
    folder.chmod(0o777)
    program = folder / "bin" / "ansible-playbook"
    program.parent.mkdir()
    program.touch()
    os.chown(program.parent, 0, nobody)
    program.parent.chmod(0o775)
    controller.collection.mkdir()
    os.chown(controller.collection, nobody, -1)
    given = refused_for(renewal_schedule_ansible_playbook=str(program))
    written = {program.parent, controller.collection, folder}
    assert set(given.split("write: ")[1].split(". Say")[0].split(", ")) == set(map(str, written))

    # Where collections may be, that others can write, root does not look into
    folder.chmod(0o755)
    os.chown(controller.collection, 0, -1)
    theirs, ours = folder / "theirs", str(find().collections)
    theirs.mkdir()
    os.chown(theirs, nobody, -1)
    paths = {"ANSIBLE_COLLECTIONS_PATH": f"{theirs}:{ours}"}
    done = controller.try_to_schedule(environment=paths)
    assert done.rc == 0, done.stdout
    assert controller.settings()["environment"]["ANSIBLE_COLLECTIONS_PATH"] == ours


@pytest.mark.extended
def test_a_token_may_be_exported_or_of_the_inventory(controller: Controller) -> None:
    bare: dict[str, Any] = {"renewal_schedule_environment": {}}
    exported: dict[str, Any] = {"environment": {"MODOBOA_TOKEN": SECRET}}
    done = controller.schedule(**bare, **exported)
    assert controller.settings()["environment"]["MODOBOA_TOKEN"] == SECRET
    assert SECRET not in done.stdout
    assert controller.schedule(**bare, **exported).changed == 0

    # As it comes from a vault whose password is not known here
    controller.variables["virtualhosts_modoboa_token"] = "{{ lookup('file', '/nowhere') }}"
    controller.write_inventory()
    controller.schedule(**bare)
    assert "MODOBOA_TOKEN" not in controller.settings()["environment"]
    # The variable may be one that reads it
    controller.schedule(**bare, **exported)
    assert controller.settings()["environment"]["MODOBOA_TOKEN"] == SECRET


@pytest.mark.extended
def test_a_token_of_this_run_is_kept_though_it_looks_like_one_of_the_inventory(
    controller: Controller,
) -> None:
    bare: dict[str, Any] = {"renewal_schedule_environment": {}}
    done = controller.schedule(**bare, virtualhosts_modoboa_token=SECRET)
    assert controller.settings()["environment"]["MODOBOA_TOKEN"] == SECRET
    assert SECRET not in done.stdout
    assert controller.schedule(**bare, virtualhosts_modoboa_token=SECRET).changed == 0
    assert controller.try_to_schedule(**bare).task(INSIST)[0].status == "failed"


@pytest.mark.extended
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_another_user_gets_what_the_first_has_made(controller: Controller) -> None:
    controller.schedule()
    assert controller.cron().returncode == 0
    state = controller.root / "var/lib" / NAME
    assert {path.name for path in state.iterdir()} == {"lock", "notes"}
    # What links lead to is nobody's business
    others = controller.root / "var/log" / "others"
    others.mkdir()
    (others / "shadow").touch()
    (state / "folder").symlink_to(others)
    (state / "file").symlink_to(others / "shadow")
    predicted = controller.schedule(check=True, renewal_schedule_user="nobody").changed
    assert controller.schedule(renewal_schedule_user="nobody").changed == predicted > 0
    nobody = pwd.getpwnam("nobody").pw_uid
    assert {path.lstat().st_uid for path in (state, *state.rglob("*"))} == {nobody}
    (state / "later").symlink_to(others)
    assert controller.schedule(renewal_schedule_user="nobody").changed == 0
    assert [path.owner() for path in (others, others / "shadow")] == ["root", "root"]
    refused = controller.cron()
    assert refused.returncode == 1
    assert f"sudo -u nobody {controller.root}/usr/local/sbin/{NAME} " in refused.stderr
