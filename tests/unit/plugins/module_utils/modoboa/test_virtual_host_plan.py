# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which domains come, go and are created, and which virtual hosts are pruned or tried again."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils.modoboa.convergence import item, run, settled
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.module_utils.modoboa.server import Server

NEW: dict[str, Any] = {"create_domains": {}}
ADMIN = {"username": "Admin", "password": "planted-secret-password"}


def test_exclusive_takes_other_domains_off() -> None:
    server = Server(["a.example", "b.example", "c.example"])
    server.add("mail.a.example", "b.example", "c.example")
    server.add("mail.c.example")
    (outcome,) = settled(server, item("mail.a.example", "a.example", "c.example", exclusive=True))
    assert outcome.before["domains"] == ["b.example", "c.example"]
    assert outcome.after["domains"] == ["a.example", "c.example"]
    assert "domains_elsewhere" not in outcome.after


def test_exclusive_with_no_domains_takes_all_off() -> None:
    server = Server(["a.example"])
    server.add("mail.a.example", "a.example")
    (outcome,) = settled(server, item("mail.a.example", exclusive=True))
    assert outcome.facts["domains"] == []
    assert outcome.facts["exists"]


def test_exclusive_leaves_to_another_what_that_one_takes() -> None:
    server = Server(["a.example", "b.example"])
    server.add("mail.a.example", "a.example", "b.example")
    losing, taking = settled(
        server,
        item("mail.a.example", "a.example", exclusive=True),
        item("mail.b.example", "b.example", exclusive=True),
    )
    assert losing.facts["domains"] == ["a.example"]
    assert taking.before["domains_elsewhere"] == {"b.example": "mail.a.example"}


def test_exclusive_waits_for_what_may_not_move_yet() -> None:
    server = Server(["a.example", "b.example"])
    server.add("mail.a.example", "a.example", "b.example")
    losing, taking = settled(
        server,
        item("mail.a.example", "a.example", exclusive=True),
        item("mail.b.example", "b.example"),
        move=False,
    )
    assert losing.facts["domains"] == ["a.example", "b.example"]
    assert taking.facts["domains_elsewhere"] == {"b.example": "mail.a.example"}


def test_unlinking_needs_no_look_at_the_domains() -> None:
    server = Server(["a.example", "b.example"])
    server.add("mail.a.example", "a.example", "b.example")
    run(server, item("mail.a.example", "a.example", exclusive=True))
    assert server.writes() == ["PATCH domains/101/"]
    assert "GET domains/" not in server.log


def test_domains_are_created_on_their_virtual_host() -> None:
    server = Server(["a.example"])
    settings = {"quota": "1GB", "default_mailbox_quota": "100 MB", "admin": ADMIN}
    (outcome,) = settled(
        server,
        item("mail.a.example", "a.example", "b.example", state="disabled", create_domains=settings),
    )
    assert outcome.error is None
    assert outcome.facts["domains_created"] == ["b.example"]
    assert (outcome.after["domains_created"], outcome.after["enabled"]) == (["b.example"], False)
    assert server.administrators == {"101": ["admin@b.example"]}
    assert "planted-secret" not in repr(outcome)


def test_domain_that_is_there_is_not_created_again() -> None:
    server = Server(["a.example"])
    (outcome,) = run(server, item("mail.a.example", "a.example", create_domains={}))
    assert outcome.facts["domains_created"] == []
    assert "POST domains/" not in server.log


def test_domain_that_cannot_be_created_fails_alone() -> None:
    server = Server(["a.example"])
    server.faults["POST domains/"] = Answer(400, {"name": ["An alias has this name."]})
    bad, good = run(
        server,
        item("mail.b.example", "b.example", create_domains={}),
        item("mail.a.example", "a.example"),
    )
    assert "An alias has this name." in str(bad.error)
    assert not bad.changed
    assert bad.facts["domains_created"] == []
    assert good.facts["created"]


@pytest.mark.parametrize(
    ("ignored", "words"),
    [
        ("quota", "did not keep its quota"),
        ("admin", "but not its administrator admin@a.example"),
        ("domains", "did not keep, its creation"),
    ],
)
def test_ignored_part_of_a_creation_is_an_error(ignored: str, words: str) -> None:
    server = Server()
    server.ignores.add(ignored)
    settings = {"quota": "1GB", "admin": ADMIN}
    (outcome,) = run(server, item("mail.a.example", "a.example", create_domains=settings))
    assert words in str(outcome.error)
    assert outcome.facts["domains_created"] == ["a.example"]


def test_creation_with_an_answer_that_tells_nothing() -> None:
    server = Server()
    server.faults["POST domains/"] = Answer(201, [])
    (outcome,) = run(server, item("mail.a.example", "a.example", create_domains={}))
    assert "does not describe the domain a.example" in str(outcome.error)


def test_pruned_ones_come_last_and_their_domains_are_free() -> None:
    server = Server(["a.example", "b.example"])
    server.add("mail.old.example", "b.example")
    server.add("mail.a.example", "a.example")
    server.add("mail.kept.example")
    staying, new, pruned = settled(
        server,
        item("mail.a.example"),
        item("mail.b.example", "b.example"),
        move=False,
        keep=["mail.kept.example"],
    )
    assert not staying.changed
    assert new.facts["domains"] == ["b.example"]
    assert (pruned.name, pruned.after, pruned.facts["pruned"]) == ("mail.old.example", {}, True)
    assert pruned.before["domains"] == ["b.example"]
    assert sorted(server.hosts) == ["mail.a.example", "mail.b.example", "mail.kept.example"]


def test_everything_is_pruned_if_that_is_said() -> None:
    server = Server()
    server.add("mail.a.example")
    (outcome,) = settled(server, keep=[])
    assert outcome.facts["pruned"]
    assert server.hosts == {}


@pytest.mark.parametrize("state", ["present", "reported"])
def test_failed_one_is_tried_again(state: str) -> None:
    server = Server()
    server.add("mail.a.example", status="failed", error="no address")
    (outcome,) = settled(server, item("mail.a.example", state=state), retry=True)
    assert (outcome.before["status"], outcome.after["status"]) == ("failed", "pending")
    assert (outcome.before["error"], outcome.after["error"]) == ("no address", "")


@pytest.mark.parametrize(
    "wanted",
    [
        item("mail.a.example", state="disabled"),
        item("mail.a.example", status="failed", error="no address"),
    ],
)
def test_not_tried_again(wanted: dict[str, Any]) -> None:
    server = Server()
    server.add("mail.a.example", status="failed", error="no address")
    (outcome,) = run(server, wanted, retry=True)
    assert not outcome.facts["retried"]
    assert not [line for line in server.log if "retry_provisioning" in line]


def test_expiry_is_reported_of_one_that_is_tried_again() -> None:
    until = "2027-01-01T00:00:00Z"
    server = Server()
    server.add("mail.a.example", status="failed", error="no address")
    wanted = item("mail.a.example", certificate_valid_until=until)
    (outcome,) = settled(server, wanted, retry=True)
    assert (outcome.after["status"], outcome.after["certificate_valid_until"]) == ("pending", until)


def test_one_that_is_no_longer_failed_is_no_error() -> None:
    server = Server()
    host = server.add("mail.a.example", status="failed", error="no address")
    server.jobs = [lambda: None, lambda: host.update(status="ready", error="")]
    server.faults["POST virtualhosts/1/retry_provisioning/"] = Answer(409, {"error": "Not now."})
    (outcome,) = run(server, item("mail.a.example"), retry=True)
    assert outcome.error is None
    assert not outcome.changed
    assert not outcome.facts["retried"]
    assert outcome.facts["status"] == "ready"


def test_one_that_is_failed_and_may_not_be_tried_again_is() -> None:
    server = Server()
    server.add("mail.a.example", status="failed", error="no address")
    server.faults["POST virtualhosts/1/retry_provisioning/"] = Answer(409, {"error": "Not now."})
    (outcome,) = run(server, item("mail.a.example"), retry=True)
    assert "Not now." in str(outcome.error)
    assert not outcome.changed


def test_only_domains_that_are_created_have_to_be_hostnames() -> None:
    server = Server(["b\u00fccher.example", "my_mail.example"])
    there, malformed = settled(
        server,
        item("mail.a.example", "B\u00fccher.example", "my_mail.example", **NEW),
        item("mail.b.example", "x example", **NEW),
    )
    assert there.error is None
    assert there.facts["domains"] == ["b\u00fccher.example", "my_mail.example"]
    assert malformed.error is not None
    assert "mail domain: hostname 'x example' is malformed" in malformed.error
