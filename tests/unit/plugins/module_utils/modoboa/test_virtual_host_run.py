# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing virtual hosts about: what is written, what is predicted, and who fails alone."""

from __future__ import annotations

import pytest
from unit.plugins.module_utils.modoboa.convergence import item, run, settled
from unit.plugins.module_utils.modoboa.server import Server

UNTIL = "2027-01-01T00:00:00Z"


def test_new_virtual_host() -> None:
    server = Server(["a.example", "b.example"])
    (outcome,) = settled(server, item("mail.a.example", "a.example", "B.example"))
    assert outcome.error is None
    assert outcome.before == {}
    assert outcome.after == {
        "domains": ["a.example", "b.example"],
        "enabled": True,
        "status": "pending",
        "error": "",
        "certificate_valid_until": None,
    }
    assert outcome.facts["created"]
    assert outcome.facts["pk"] == 1


def test_check_mode_writes_nothing() -> None:
    server = Server(["a.example"])
    server.add("mail.b.example")
    run(
        server,
        item("mail.a.example", "a.example", state="disabled", status="ready"),
        item("mail.b.example", state="absent"),
        check=True,
    )
    assert server.writes() == []


def test_nothing_to_do_is_one_request() -> None:
    server = Server(["a.example"])
    server.add("mail.a.example", "a.example", status="ready")
    (outcome,) = run(server, item("mail.a.example", "a.example", status="ready"))
    assert not outcome.changed
    assert server.log == ["GET virtualhosts/"]


def test_domains_that_are_not_named_stay() -> None:
    server = Server(["a.example", "b.example"])
    server.add("mail.a.example", "b.example")
    (outcome,) = settled(server, item("mail.a.example", "a.example"))
    assert outcome.facts["domains"] == ["a.example", "b.example"]


def test_moved_domain_is_said_to_come_from_elsewhere() -> None:
    server = Server(["a.example", "b.example"])
    server.add("mail.a.example", "a.example")
    server.add("mail.b.example", "b.example")
    taking, losing = settled(server, item("mail.a.example", "b.example"), item("mail.b.example"))
    assert taking.before["domains_elsewhere"] == {"b.example": "mail.b.example"}
    assert taking.after["domains_elsewhere"] == {}
    assert taking.after["domains"] == ["a.example", "b.example"]
    assert not losing.changed
    assert losing.facts["domains"] == []


def test_domain_stays_where_it_is_until_it_may_move() -> None:
    server = Server(["a.example", "b.example", "c.example"])
    server.add("mail.a.example", "a.example")
    new, both = settled(
        server,
        item("mail.new.example", "a.example"),
        item("mail.b.example", "b.example"),
        move=False,
    )
    assert not new.error
    assert not new.changed
    assert not new.facts["exists"]
    assert new.facts["domains_elsewhere"] == {"a.example": "mail.a.example"}
    assert both.facts["exists"]
    assert both.facts["domains_elsewhere"] == {}
    (moved,) = settled(server, item("mail.new.example", "a.example"))
    assert moved.facts["created"]
    assert moved.facts["domains_elsewhere"] == {}


def test_report_leaves_open_whether_it_is_enabled() -> None:
    server = Server(["a.example"])
    server.add("mail.a.example", "a.example", enabled=False)
    (outcome,) = settled(server, item("mail.a.example", state="reported", status="ready"))
    assert outcome.changed
    assert outcome.facts["enabled"] is False
    (unknown,) = run(server, item("mail.b.example", state="reported", status="ready"))
    assert unknown.error == "this virtual host does not exist, so nothing is reported"


def test_two_virtual_hosts_swap_domains() -> None:
    server = Server(["a.example", "b.example"])
    server.add("mail.a.example", "b.example")
    server.add("mail.b.example", "a.example")
    outcomes = settled(
        server, item("mail.a.example", "a.example"), item("mail.b.example", "b.example")
    )
    assert [outcome.facts["domains"] for outcome in outcomes] == [["a.example"], ["b.example"]]


@pytest.mark.parametrize("exists", [True, False])
def test_disabled(exists: bool) -> None:
    server = Server(["a.example"])
    if exists:
        server.add("mail.a.example", "a.example")
    (outcome,) = settled(server, item("mail.a.example", "a.example", state="disabled"))
    assert outcome.error is None
    assert outcome.after["enabled"] is False
    assert server.hosts["mail.a.example"]["enabled"] is False


def test_enabled_again() -> None:
    server = Server()
    server.add("mail.a.example", enabled=False)
    (outcome,) = settled(server, item("mail.a.example"))
    assert outcome.after["enabled"] is True


def test_absent() -> None:
    server = Server(["a.example"])
    server.add("mail.a.example", "a.example")
    gone, never = settled(
        server,
        item("mail.a.example", "a.example", state="absent"),
        item("mail.b.example", state="absent"),
    )
    assert gone.before["domains"] == ["a.example"]
    assert gone.after == {}
    assert gone.facts["pk"] is None
    assert not never.changed
    assert server.hosts == {}


def test_domain_of_a_removed_virtual_host_can_be_linked_in_the_same_run() -> None:
    server = Server(["a.example"])
    server.add("mail.old.example", "a.example")
    _old, new = settled(
        server,
        item("mail.old.example", state="absent"),
        item("mail.a.example", "a.example"),
    )
    assert new.before["domains_elsewhere"] == {"a.example": "mail.old.example"}
    assert new.facts["domains"] == ["a.example"]


def test_names_that_the_server_writes_in_upper_case_are_the_same() -> None:
    server = Server(["a.example"])
    server.add("Mail.A.example", "a.example")
    assert not run(server, item("mail.a.example", "a.example"), keep=())[0].changed
    assert list(server.hosts) == ["Mail.A.example"]


@pytest.mark.parametrize("pruned", [False, True])
def test_old_one_stays_until_the_new_one_has_its_domain(pruned: bool) -> None:
    server = Server(["a.example"])
    server.add("mail.old.example", "a.example")
    server.add("mail.gone.example")
    new = item("mail.new.example", "a.example", "nope.example")
    manner = {"keep": ()} if pruned else {}
    leaving = [] if pruned else [item(name, state="absent") for name in sorted(server.hosts)]
    failed, gone, old = settled(server, new, *leaving, **manner)
    assert failed.error is not None
    assert gone.error is None
    assert old.error is not None
    assert "mail.new.example failed, which is to take a.example over" in old.error
    assert not old.changed
    assert list(server.hosts) == ["mail.old.example"]
    server.domains["nope.example"] = 200
    settled(server, new, *leaving, **manner)
    assert list(server.hosts) == ["mail.new.example"]


def test_unknown_domain_fails_alone_and_touches_nothing() -> None:
    server = Server(["a.example", "b.example"])
    bad, good = settled(
        server,
        item("mail.a.example", "a.example", "nope.example"),
        item("mail.b.example", "b.example"),
    )
    assert bad.error is not None
    assert "no mail domain nope.example" in bad.error
    assert not bad.changed
    assert good.error is None
    assert list(server.hosts) == ["mail.b.example"]


def test_new_one_without_domains() -> None:
    (outcome,) = settled(Server(), item("mail.a.example"))
    assert outcome.error is not None
    assert "list at least one under domains" in outcome.error


def test_failed_item_keeps_its_facts() -> None:
    server = Server()
    server.add("mail.a.example", status="ready")
    (outcome,) = run(server, item("mail.a.example", "nope.example"))
    assert outcome.error is not None
    assert outcome.facts["pk"] == 1
    assert outcome.facts["status"] == "ready"


def test_reports_go_in_one_request_and_only_where_they_differ() -> None:
    server = Server()
    server.add("mail.a.example")
    server.add("mail.b.example")
    server.add("mail.c.example", status="ready", valid_until="2027-01-01T01:00:00+01:00")
    ready, failed, same = settled(
        server,
        item("mail.a.example", status="ready", certificate_valid_until=UNTIL),
        item("mail.b.example", status="failed", error=" no address\n"),
        item("mail.c.example", status="ready", certificate_valid_until=UNTIL),
    )
    assert ready.after["certificate_valid_until"] == UNTIL
    assert failed.facts["error_recorded"] == "no address"
    assert not same.changed
    run(server, item("mail.a.example", status="pending"), item("mail.b.example", status="ready"))
    assert server.writes() == ["POST virtualhosts/bulk/"]
    assert server.hosts["mail.a.example"]["valid_until"] == UNTIL


def test_expiry_alone_leaves_everything_else() -> None:
    server = Server()
    server.add("mail.a.example", enabled=False, status="failed", error="no")
    wanted = item("mail.a.example", state="reported", certificate_valid_until=UNTIL)
    (outcome,) = settled(server, wanted)
    assert outcome.error is None
    assert {**outcome.before, "certificate_valid_until": UNTIL} == outcome.after
    assert server.hosts["mail.a.example"]["status"] == "failed"
    assert server.hosts["mail.a.example"]["error"] == "no"


@pytest.mark.parametrize("check", [True, False])
def test_server_without_reports_draws_one_warning(check: bool) -> None:
    warnings: list[str] = []
    server = Server()
    server.cut_down()
    server.add("mail.a.example")
    server.add("mail.b.example")
    outcomes = run(
        server,
        item("mail.a.example", status="ready"),
        item("mail.b.example", status="ready"),
        check=check,
        warnings=warnings,
    )
    assert not any(outcome.changed or outcome.error for outcome in outcomes)
    assert len(warnings) == 1
    assert "takes no reports" in warnings[0]
    assert server.writes() == []


def test_check_mode_knows_what_an_earlier_task_would_have_created() -> None:
    server = Server()
    report = item("mail.a.example", status="ready")
    (known,) = run(server, report, check=True, created=("mail.a.example",))
    assert known.error is None
    assert (known.before["status"], known.after["status"]) == ("pending", "ready")
    assert not known.facts["created"]
    (unknown,) = run(server, report, created=("mail.a.example",))
    assert unknown.error is not None


def test_few_domains_are_searched_many_are_listed() -> None:
    names = [f"d{number}.example" for number in range(6)]
    server = Server(names)
    run(server, item("mail.a.example", *names[:5]))
    assert server.log.count("GET domains/") == 5
    server = Server(names)
    run(server, item("mail.a.example", *names))
    assert server.log.count("GET domains/") == 1
