# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing virtual hosts: in one request or one by one, and who fails alone."""

from __future__ import annotations

import pytest
import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from unit.plugins.module_utils.modoboa.convergence import item, run
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.module_utils.modoboa.server import Server


def published(*domains: str) -> Server:
    """A server with the published contract alone."""
    server = Server(domains)
    server.cut_down()
    return server


def test_many_are_one_request_where_the_server_offers_that() -> None:
    server = Server(["a.example", "b.example"])
    server.add("mail.c.example", enabled=False)
    items = [
        item("mail.a.example", "a.example", status="ready"),
        item("mail.b.example", "b.example", state="disabled"),
        item("mail.c.example"),
    ]
    assert not any(outcome.error for outcome in run(server, *items))
    assert server.writes() == ["POST virtualhosts/bulk/"]
    assert "OPTIONS domains/" not in server.log


def test_the_same_one_by_one() -> None:
    server = published("a.example", "b.example")
    server.add("mail.c.example", enabled=False)
    items = [
        item("mail.a.example", "a.example"),
        item("mail.b.example", "b.example", state="disabled"),
        item("mail.c.example"),
    ]
    assert not any(outcome.error for outcome in run(server, *items))
    assert server.writes() == [
        "PATCH domains/100/",
        "PATCH domains/101/",
        "POST virtualhosts/3/set_state/",
        "POST virtualhosts/1/set_state/",
    ]


def test_removal_asks_for_nothing_that_it_does_not_need() -> None:
    server = Server()
    server.add("mail.a.example")
    run(server, item("mail.a.example", state="absent"))
    assert server.log == ["GET virtualhosts/", "DELETE virtualhosts/1/", "GET virtualhosts/"]


def test_refused_item_of_many_fails_alone() -> None:
    server = Server(["a.example", "b.example"])
    bad, good = run(
        server, item("refused.a.example", "a.example"), item("mail.b.example", "b.example")
    )
    assert bad.error == "POST /api/v2/virtualhosts/bulk/: This is our own name."
    assert not bad.changed
    assert good.facts["created"]


def test_refused_link_fails_alone() -> None:
    server = published("a.example", "b.example")
    server.faults["PATCH domains/100/"] = Answer(400, {"portal": ["This is our own name."]})
    bad, good = run(
        server, item("mail.a.example", "a.example"), item("mail.b.example", "b.example")
    )
    assert bad.error is not None
    assert "portal: This is our own name." in bad.error
    assert not bad.changed
    assert good.changed


def test_half_done_item_shows_what_was_done() -> None:
    server = published("a.example")
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
    server = published("a.example")
    server.faults["PATCH domains/100/"] = answer
    with pytest.raises(errors.ModoboaError) as caught:
        run(server, item("mail.a.example", "a.example"))
    assert caught.value.fatal


@pytest.mark.parametrize("answer", [Answer(502, "<html></html>"), requests.ReadTimeout("slow")])
def test_one_item_without_an_answer_fails_alone(answer: Answer | Exception) -> None:
    server = published("a.example", "b.example")
    server.faults["PATCH domains/100/"] = answer
    failed, done = run(
        server, item("mail.a.example", "a.example"), item("mail.b.example", "b.example")
    )
    assert failed.error is not None
    assert not failed.changed
    assert done.error is None
    assert done.facts["created"]


def test_refused_report_fails_alone() -> None:
    server = Server()
    server.add("mail.a.example")
    server.add("mail.b.example")
    bad, good = run(
        server,
        item("mail.a.example", status="failed", error="unspeakable"),
        item("mail.b.example", status="ready"),
    )
    assert bad.error == "POST /api/v2/virtualhosts/bulk/: no room for it"
    assert good.changed


@pytest.mark.parametrize("enabled", [True, False])
def test_failed_removal_fails_alone(enabled: bool) -> None:
    server = Server()
    server.add("mail.a.example", enabled=enabled)
    server.add("mail.b.example")
    server.faults["DELETE virtualhosts/1/"] = Answer(500, "<title>Oops</title>")
    bad, good = run(
        server, item("mail.a.example", state="absent"), item("mail.b.example", state="absent")
    )
    assert bad.error is not None
    assert not bad.changed
    assert bad.facts["exists"]
    assert good.changed


def test_reports_that_fail_as_a_whole_hold_up_nothing_else() -> None:
    server = Server(["a.example"])
    server.takes_bulk = False
    server.add("mail.a.example", "a.example")
    server.add("mail.b.example")
    server.faults["POST virtualhosts/report/"] = Answer(500, {})
    unreported, gone = run(
        server, item("mail.a.example", status="ready"), item("mail.b.example", state="absent")
    )
    assert unreported.error is not None
    assert "POST /api/v2/virtualhosts/report/: the server failed" in unreported.error
    assert gone.error is None
    assert list(server.hosts) == ["mail.a.example"]


@pytest.mark.parametrize("at_once", [True, False])
def test_old_one_stays_where_the_new_one_is_refused(at_once: bool) -> None:
    server = Server(["a.example"])
    server.takes_bulk = at_once
    server.faults["PATCH domains/100/"] = Answer(400, {"detail": "No."})
    server.add("mail.old.example", "a.example")
    refused, old = run(
        server,
        item("refused.new.example", "a.example"),
        item("mail.old.example", state="absent"),
    )
    assert refused.error is not None
    assert old.error is not None
    assert "refused.new.example failed" in old.error
    assert server.hosts["mail.old.example"]["domains"] == ["a.example"]
