# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``certificates`` and its playbook on this machine, with the controller's libraries."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from bed.acme_bed import AcmeBed
from bed.ansible import Run
from bed.challenge_nginx import ELSEWHERE_DOMAIN

PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "certificates.yml"
ISSUE = "Issue, renew and remove certificates"
TELL = "Tell the services what an earlier run has published and not told"
RELOAD = "Reload the services that use the certificates"


@pytest.fixture(scope="module")
def acme() -> Iterator[AcmeBed]:
    with AcmeBed(f"certificates-{os.getpid()}") as running:
        yield running


def run(acme: AcmeBed, *certificates: dict[str, Any], **options: Any) -> Run:
    """Run the playbook on this machine for some certificates."""
    variables = {
        "list": certificates,
        "libraries": "none",
        "acme_directory": acme.acme.directory_url,
        "acme_ca_path": str(acme.acme.ca_path),
        "acme_terms_agreed": True,
        "look_port": acme.http_port,
        "look_resolver": acme.dns.address,
        "storage": str(acme.storage),
        **options.pop("variables", {}),
    }
    options.setdefault("playbook", PLAYBOOK)
    return acme.ansible.run_playbook(
        inventory={"certificates": {"hosts": {"here": {"ansible_connection": "local"}}}},
        extra_vars={f"certificates_{name}": value for name, value in variables.items()},
        **options,
    )


def reloaded(run: Run) -> bool:
    """Whether the handler was called; without services in its list it has nothing to do."""
    return bool(run.task(RELOAD))


def test_certificates_are_issued_and_the_second_run_is_silent(acme: AcmeBed) -> None:
    acme.dns.add("aster.example", "www.aster.example")
    wanted = {"name": "aster.example", "names": ["www.aster.example"]}
    predicted = run(acme, wanted, check=True)
    assert predicted.rc == 0, predicted.stdout
    assert list(acme.storage.iterdir()) == []

    done = run(acme, wanted)
    assert done.rc == 0, done.stdout
    assert (acme.storage / "certs" / "aster.example" / "fullchain.pem").exists()
    assert reloaded(done)
    assert predicted.changed == done.changed

    again = run(acme, wanted)
    assert again.changed == 0
    assert not reloaded(again)


def test_what_is_to_be_absent_is_removed_and_services_are_told(acme: AcmeBed) -> None:
    acme.dns.add("briar.example")
    run(acme, {"name": "briar.example"})
    gone = run(acme, {"name": "briar.example", "state": "absent"})
    assert gone.rc == 0, gone.stdout
    assert reloaded(gone)
    assert not (acme.storage / "certs" / "briar.example").exists()
    assert run(acme, {"name": "briar.example", "state": "absent"}).changed == 0


def test_services_that_could_not_be_told_are_told_by_the_next_run(acme: AcmeBed) -> None:
    acme.dns.add("elder.example")
    wanted = {"name": "elder.example"}
    broken = run(acme, wanted, variables={"reload": [f"no-such-service-{os.getpid()}"]})
    assert broken.rc != 0
    assert broken.results[-1].task == RELOAD
    for check in (True, False):
        done = run(acme, wanted, check=check)
        assert done.rc == 0, done.stdout
        assert done.changed == 1
        assert done.task(TELL)[0].result["msg"] == ["elder.example"]
        assert reloaded(done)
    again = run(acme, wanted)
    assert again.changed == 0
    assert not reloaded(again)


def test_who_fails_is_named_after_the_services_of_the_others_were_told(acme: AcmeBed) -> None:
    lost = f"lost.{ELSEWHERE_DOMAIN}"
    acme.dns.add("cedar.example", lost)
    done = run(acme, {"name": lost}, {"name": "cedar.example"})
    assert done.rc != 0
    (told,) = done.task("Name the certificates that failed")
    head, error = told.result["msg"]
    assert head == "1 of 2 certificates failed; the others are done."
    assert error.startswith(f"{lost}: ")
    assert "HTTP status 404" in error
    tasks = [result.task for result in done.results]
    assert tasks.index(RELOAD) < tasks.index("Name the certificates that failed")


def test_a_note_that_cannot_be_written_keeps_nobody_from_being_told(
    acme: AcmeBed, tmp_path: Path
) -> None:
    acme.dns.add("garlic.example")
    noting = {"VIRTUALHOSTS_RENEWAL_NOTES": str(tmp_path / "nowhere")}
    done = run(acme, {"name": "garlic.example"}, environment=noting)
    assert done.rc != 0
    assert reloaded(done)
    (told,) = done.task("Name the certificates that failed")
    head, error = told.result["msg"]
    assert head == "All certificates are done, and yet:"
    assert error.startswith("Note how long the certificates last: Destination directory ")
    again = run(acme, {"name": "garlic.example"})
    assert (again.rc, again.changed) == (0, 0)
    assert not reloaded(again)


def test_what_is_left_alone_for_a_while_says_until_when(acme: AcmeBed) -> None:
    lost = f"alone.{ELSEWHERE_DOMAIN}"
    acme.dns.add(lost)
    for _run in range(2):
        done = run(acme, {"name": lost}, variables={"look_first": False})
        (told,) = done.task("Name the certificates that failed")
        head, error = told.result["msg"]
        assert head == "1 of 1 certificates failed."
        assert re.search(
            r" \(not tried again before [0-9TZ:-]+; certificates_retry=true tries now\)$", error
        )


def test_without_consent_nothing_is_asked_of_the_ca(acme: AcmeBed) -> None:
    variables = {"acme_terms_agreed": False, "storage": str(acme.directory / "refused")}
    refused = run(acme, {"name": "aster.example"}, variables=variables)
    assert refused.results[-1].task == "Make sure of the ACME account"
    assert "terms of service" in refused.results[-1].result["msg"]


def test_a_key_for_account_binding_is_not_shown(acme: AcmeBed) -> None:
    variables = {
        "acme_eab_kid": "kid-1",
        "acme_eab_hmac_key": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0",
        "storage": str(acme.directory / "bound"),
    }
    done = run(acme, {"name": "aster.example"}, variables=variables, arguments=["-vvv"])
    # This CA knows no such customer: the key has arrived
    assert "Make sure that eab_kid, eab_hmac_key" in done.results[-1].result["msg"]
    assert variables["acme_eab_hmac_key"] not in done.stdout + json.dumps(
        [result.result for result in done.results]
    )


def test_another_play_uses_the_libraries_and_listens(acme: AcmeBed, tmp_path: Path) -> None:
    acme.dns.add("dill.example")
    variables = {"certificates_libraries": "{{ portals_libraries }}"}
    role = {"name": "mailhost.modoboa.certificates"}
    play = {
        "hosts": "certificates",
        "gather_facts": False,
        "vars": {"portals_libraries": "none"},
        "tasks": [
            {"import_role": {**role, "tasks_from": "libraries"}, "vars": variables},
            {
                "name": "Look after the account",
                "mailhost.modoboa.acme_cert": acme.module_options(),
                "vars": {"ansible_python_interpreter": "{{ certificates_python }}"},
                "when": "not certificates_predicted",
            },
            {"import_role": role},
            {
                "name": "What became of it",
                "debug": {"msg": "{{ certificates_result.certificates[0].serial }}"},
            },
        ],
        "handlers": [{"name": "Mine", "debug": {"msg": "called"}, "listen": RELOAD}],
    }
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([play]))
    done = run(acme, {"name": "dill.example"}, playbook=playbook)
    assert done.rc == 0, done.stdout
    assert done.task("Look after the account")[0].status == "ok"
    assert int(done.task("What became of it")[0].result["msg"], 16)
    assert done.task("Mine")[0].result["msg"] == "called"


def test_a_schedule_is_told_how_long_they_last(acme: AcmeBed, tmp_path: Path) -> None:
    acme.dns.add("fennel.example")
    lost = f"fern.{ELSEWHERE_DOMAIN}"
    acme.dns.add(lost)
    wanted = [
        {"name": "fennel.example"},
        {"name": lost, "state": "present"},
        {"name": "gone.example", "state": "absent"},
    ]
    noting = {"VIRTUALHOSTS_RENEWAL_NOTES": str(tmp_path)}
    run(acme, *wanted, check=True, environment=noting)
    assert list(tmp_path.iterdir()) == []
    # Days are a text where they come from -e
    done = run(acme, *wanted, variables={"danger_days": "5"}, environment=noting)
    assert "Name the certificates that failed" in done.results[-1].task
    (file,) = tmp_path.iterdir()
    note = json.loads(file.read_text())
    assert note["host"] == "here"
    there, missing = note["certificates"]
    assert (there["name"], missing["name"]) == ("fennel.example", lost)
    assert there.keys() == missing.keys() == {"name", "not_after", "danger_from"}
    now = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    assert missing["danger_from"] < now < there["danger_from"] < there["not_after"]
