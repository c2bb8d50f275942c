# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing virtual hosts about: what is written, what is predicted, and who fails alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import Outcome
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_virtual_host import (
    Convergence,
    read_items,
)
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.module_utils.modoboa.server import Server

UNTIL = "2027-01-01T00:00:00Z"


def item(name: str, *domains: str, state: str = "present", **more: Any) -> dict[str, Any]:
    return {"name": name, "domains": list(domains), "state": state, **more}


def run(
    server: Server,
    *items: dict[str, Any],
    check: bool = False,
    created: tuple[str, ...] = (),
    move: bool = True,
    warnings: list[str] | None = None,
) -> list[Outcome]:
    server.log.clear()
    warn = ([] if warnings is None else warnings).append
    convergence = Convergence(
        server.client(), check_mode=check, created=created, move=move, warn=warn
    )
    return convergence.bring_about(read_items(items))


def settled(server: Server, *items: dict[str, Any], move: bool = True) -> list[Outcome]:
    """Predict, do, and do again: the prediction is exact and the second run is silent."""
    predicted = run(copy.deepcopy(server), *items, check=True, move=move)
    done = run(server, *items, move=move)
    for left, right in zip(predicted, done):
        assert (left.before, left.after, left.error) == (right.before, right.after, right.error)
        assert {**left.facts, "pk": 0} == {**right.facts, "pk": 0}
    again = run(server, *items, move=move)
    assert not any(outcome.changed for outcome in again)
    assert server.writes() == []
    return done


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
    assert "domains_elsewhere" not in new.before


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


def test_refused_link_fails_alone() -> None:
    server = Server(["a.example", "b.example"])
    server.faults["PATCH domains/100/"] = Answer(400, {"portal": ["This is our own name."]})
    bad, good = run(
        server, item("mail.a.example", "a.example"), item("mail.b.example", "b.example")
    )
    assert bad.error is not None
    assert "portal: This is our own name." in bad.error
    assert not bad.changed
    assert good.changed


def test_half_done_item_shows_what_was_done() -> None:
    server = Server(["a.example"])
    server.add("mail.a.example", enabled=False)
    server.faults["POST virtualhosts/1/set_state/"] = Answer(500, "<title>Oops</title>")
    (outcome,) = run(server, item("mail.a.example", "a.example"))
    assert outcome.error is not None
    assert outcome.changed
    assert outcome.after["domains"] == ["a.example"]
    assert outcome.after["enabled"] is False


@pytest.mark.parametrize(
    "answer", [Answer(401, {"detail": "Gone."}), requests.ConnectionError("gone")]
)
def test_lost_connection_ends_all(answer: Answer | Exception) -> None:
    server = Server(["a.example"])
    server.faults["PATCH domains/100/"] = answer
    with pytest.raises(errors.ModoboaError) as caught:
        run(server, item("mail.a.example", "a.example"))
    assert caught.value.fatal


@pytest.mark.parametrize("answer", [Answer(502, "<html></html>"), requests.ReadTimeout("slow")])
def test_one_item_without_an_answer_fails_alone(answer: Answer | Exception) -> None:
    server = Server(["a.example", "b.example"])
    server.faults["PATCH domains/100/"] = answer
    failed, done = run(
        server, item("mail.a.example", "a.example"), item("mail.b.example", "b.example")
    )
    assert failed.error is not None
    assert not failed.changed
    assert done.error is None
    assert done.facts["created"]


@pytest.mark.parametrize(
    ("field", "wanted", "named"),
    [
        ("domains", item("mail.a.example", "a.example"), "the domain a.example"),
        ("enabled", item("mail.a.example", state="disabled"), "enabled"),
        ("delete", item("mail.a.example", state="absent"), "its deletion"),
        ("report", item("mail.a.example", status="ready"), "the reported status"),
        (
            "report",
            item("mail.a.example", state="reported", certificate_valid_until=UNTIL),
            "the reported certificate_valid_until",
        ),
    ],
)
def test_ignored_write_is_an_error(field: str, wanted: dict[str, Any], named: str) -> None:
    server = Server(["a.example"])
    server.add("mail.a.example")
    server.ignores.add(field)
    (outcome,) = run(server, wanted)
    assert outcome.error is not None
    assert f"did not keep, {named};" in outcome.error
    assert not outcome.changed


def test_ignored_creation_is_an_error() -> None:
    server = Server(["a.example"])
    server.ignores.add("domains")
    (outcome,) = run(server, item("mail.a.example", "a.example"))
    assert outcome.error is not None
    assert "its creation" in outcome.error
    (outcome,) = run(server, item("mail.a.example", "a.example", state="disabled"))
    assert outcome.error is not None


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
    assert server.writes() == ["POST virtualhosts/report/"]
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


def test_refused_report_fails_alone() -> None:
    server = Server()
    server.add("mail.a.example")
    server.add("mail.b.example")
    bad, good = run(
        server,
        item("mail.a.example", status="failed", error="unspeakable"),
        item("mail.b.example", status="ready"),
    )
    assert bad.error == "POST /api/v2/virtualhosts/report/: no room for it"
    assert good.changed


@pytest.mark.parametrize("check", [True, False])
def test_server_without_reports_draws_one_warning(check: bool) -> None:
    warnings: list[str] = []
    server = Server()
    server.takes_reports = False
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


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([item("Mail.a.example")], "upper-case"),
        ([item("mail.a.example"), item("mail.a.example")], "listed 2 times"),
        ([item("mail.a.example", status="failed")], "needs an error"),
        ([item("mail.a.example", status="ready", error="x")], "goes with status 'failed' only"),
        ([item("mail.a.example", error="x")], "goes with status 'failed' only"),
        (
            [item("mail.a.example", error="x", certificate_valid_until=UNTIL)],
            "goes with status 'failed' only",
        ),
        ([item("mail.a.example", status="ready", certificate_valid_until="soon")], "'soon'"),
        (
            [item("mail.a.example", status="ready", certificate_valid_until="2027-01-01T00:00:00")],
            "time zone is missing",
        ),
        (
            [item("mail.a.example", "x.example"), item("mail.b.example", "X.example")],
            "more than one virtual host: x.example",
        ),
    ],
)
def test_contradictions_are_found_before_anything_is_touched(
    items: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(ItemsError, match=words):
        read_items(items)
