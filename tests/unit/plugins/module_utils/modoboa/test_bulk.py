# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many virtual hosts in one request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.bulk import Bulk
from unit.plugins.module_utils.modoboa.script import Answer, Exchange, Script

PATH = "/api/v2/virtualhosts/bulk/"


def result(name: str | None, error: str | None = None) -> dict[str, Any]:
    return {"name": name, "pk": 1, "created": False, "changed": True, "error": error}


@pytest.mark.parametrize(
    ("answer", "offered"),
    [
        (Answer(headers={"Allow": "POST, OPTIONS"}), True),
        # Without it, "bulk" is taken for the key of a virtual host
        (Answer(headers={"Allow": "DELETE, OPTIONS"}), False),
        (Answer(404, "<html></html>"), False),
    ],
)
def test_whether_it_is_offered_is_asked_once(answer: Answer, offered: bool) -> None:
    script = Script(Exchange("OPTIONS", PATH, answer))
    bulk = Bulk(script.client())
    assert bulk.is_offered() is offered
    assert bulk.is_offered() is offered


def test_refusals_are_told_by_name() -> None:
    items: list[dict[str, Any]] = [
        {"name": "mail.a.example", "enabled": True},
        {"name": "mail.b.example"},
    ]
    answer = {"results": [result("mail.a.example"), result(None, "no")]}
    script = Script(Exchange("POST", PATH, Answer(body=answer), sent={"virtualhosts": items}))
    assert Bulk(script.client()).send(items) == {
        "mail.b.example": "POST /api/v2/virtualhosts/bulk/: no"
    }


def test_a_passing_fault_is_tried_again() -> None:
    script = Script(
        Exchange("POST", PATH, Answer(503, b"")),
        Exchange("POST", PATH, Answer(body={"results": [result("mail.a.example")]})),
    )
    assert Bulk(script.client()).send([{"name": "mail.a.example"}]) == {}
    assert script.finished()


def test_very_many_go_in_several_requests() -> None:
    items = [{"name": f"mail.t{number}.example"} for number in range(1001)]
    script = Script(
        Exchange("POST", PATH, Answer(body={"results": [result("x")] * 1000})),
        Exchange("POST", PATH, Answer(body={"results": [result("x", "no")]})),
    )
    assert list(Bulk(script.client()).send(items)) == ["mail.t1000.example"]
    sent = json.loads(script.requests[1].body or "")
    assert sent == {"virtualhosts": [{"name": "mail.t1000.example"}]}


def test_nothing_to_send_sends_nothing() -> None:
    assert Bulk(Script().client()).send([]) == {}


@pytest.mark.parametrize("body", [{}, [], None, {"results": []}, {"results": [{"name": "x"}]}])
def test_answer_that_tells_nothing(body: Any) -> None:
    script = Script(Exchange("POST", PATH, Answer(body=body)))
    refused = Bulk(script.client()).send([{"name": "mail.a.example"}])
    assert "what became of the virtual hosts" in refused["mail.a.example"]


def test_request_that_fails_stops_no_other() -> None:
    items = [{"name": f"mail.t{number}.example"} for number in range(1001)]
    script = Script(
        *[Exchange("POST", PATH, Answer(503, "<title>Oops</title>"))] * 4,
        Exchange("POST", PATH, Answer(body={"results": [result("x")]})),
    )
    assert list(Bulk(script.client()).send(items)) == [item["name"] for item in items[:1000]]
    assert script.finished()


def test_connection_that_fails_ends_it() -> None:
    script = Script(Exchange("POST", PATH, Answer(401, {"detail": "Gone."})))
    with pytest.raises(errors.AuthenticationError):
        Bulk(script.client()).send([{"name": "mail.a.example"}])
