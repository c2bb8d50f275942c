# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports on provisioning."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.report import (
    Report,
    Reports,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    VirtualHost,
)
from unit.plugins.module_utils.modoboa.script import Answer, Exchange, Script

PATH = "/api/v2/virtualhosts/report/"


def accepted(count: int) -> Answer:
    return Answer(body={"results": [{"name": "x", "changed": True, "error": None}] * count})


def test_recorded_date_stays_without_a_new_one() -> None:
    host = VirtualHost("mail.a.example", certificate_valid_until="2027-01-01T00:00:00Z")
    after = Report("failed", "no").applied_to(host)
    assert (after.status, after.error) == ("failed", "no")
    assert after.certificate_valid_until == "2027-01-01T00:00:00Z"
    assert "certificate_valid_until" not in Report("ready").to_json("mail.a.example")


def test_recorded_status_and_error_stay_without_a_new_status() -> None:
    host = VirtualHost("mail.a.example", status="failed", error="no")
    report = Report(None, certificate_valid_until="2027-01-01T00:00:00Z")
    after = report.applied_to(host)
    assert (after.status, after.error) == ("failed", "no")
    assert after.certificate_valid_until == "2027-01-01T00:00:00Z"
    assert report.to_json("mail.a.example") == {
        "name": "mail.a.example",
        "certificate_valid_until": "2027-01-01T00:00:00Z",
    }


def test_very_many_are_sent_in_portions() -> None:
    script = Script(
        Exchange("POST", PATH, accepted(500)),
        Exchange("POST", PATH, Answer(503, b"")),
        Exchange("POST", PATH, accepted(1)),
    )
    Reports(script.client()).send(
        [(f"m{number}.example", Report("ready")) for number in range(501)]
    )
    assert script.finished()


@pytest.mark.parametrize("body", [{}, [], {"results": [{}]}, {"results": []}])
def test_answer_that_does_not_say_what_became_of_them(body: Any) -> None:
    script = Script(Exchange("POST", PATH, Answer(body=body or {"odd": 1})))
    refused = Reports(script.client()).send([("mail.a.example", Report("ready"))])
    assert "what became of the reports" in refused["mail.a.example"]


def test_request_that_fails_holds_up_no_other() -> None:
    script = Script(
        *[Exchange("POST", PATH, Answer(503, b""))] * 4, Exchange("POST", PATH, accepted(1))
    )
    refused = Reports(script.client()).send(
        [(f"m{number}.example", Report("ready")) for number in range(501)]
    )
    assert len(refused) == 500
    assert "not available" in refused["m0.example"]
    assert script.finished()
