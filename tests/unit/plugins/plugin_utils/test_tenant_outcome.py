# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant_outcome import (
    tenant_failures,
    tenant_reports,
)

END = "2027-01-01T00:00:00Z"


def a_plan(*hostnames: str, disabled: bool = False) -> list[dict[str, Any]]:
    return [{"hostname": hostname, "disabled": disabled} for hostname in hostnames]


def a_record(status: str, error: str = "", until: str | None = END) -> dict[str, Any]:
    return {
        "name": "mail.atlas.example",
        "status": status,
        "error_recorded": error,
        "certificate_valid_until": until,
    }


def test_failures_carry_the_step_of_the_chain() -> None:
    results = [
        {"name": "a.example", "failed": False, "error": None},
        {"name": "b.example", "failed": True, "error": "broken"},
        {"name": "c.example", "failed": True, "error": "stale"},
    ]
    failures = tenant_failures(results, "final block")
    assert list(failures) == ["b.example", "c.example"]
    assert failures["b.example"]["message"] == "b.example: final block: broken"
    assert failures["c.example"]["step"] == "final block"


@pytest.mark.parametrize(
    ("next_attempt", "problem", "told"),
    [
        (None, None, ""),
        ("2026-11-24T14:59:59Z", None, ""),
        (
            "2026-11-24T15:10:00Z",
            None,
            " (not tried again before 2026-11-24T15:10:00Z; retry=true tries now)",
        ),
        (
            "2026-11-24T15:10:00Z",
            {"retry_after": 600.0},
            " (not tried again before 2026-11-24T15:10:00Z; the CA has asked for that)",
        ),
    ],
)
def test_a_certificate_that_is_left_alone_for_a_while_says_until_when(
    next_attempt: str | None, problem: dict[str, Any] | None, told: str
) -> None:
    result = {
        "name": "a.example",
        "failed": True,
        "error": "order: refused",
        "problem": problem,
        "failures": next_attempt and {"next_attempt": next_attempt},
    }
    now = datetime(2026, 11, 24, 15, tzinfo=timezone.utc)
    (failure,) = tenant_failures([result], "", "retry=true", now).values()
    assert failure["message"] == f"a.example: order: refused{told}"
    # what Modoboa is told is the same in each run
    assert failure["error"] == "order: refused"


def test_reports_say_ready_or_failed_and_until_when() -> None:
    plan = a_plan("mail.atlas.example", "mail.borea.example")
    failures = tenant_failures(
        [{"name": "mail.borea.example", "failed": True, "error": "refused"}], "certificate"
    )
    certificates = [{"name": "mail.atlas.example", "not_after": "2027-01-01T00:00:00Z"}]
    assert tenant_reports(plan, failures, certificates) == [
        {
            "name": "mail.atlas.example",
            "status": "ready",
            "certificate_valid_until": "2027-01-01T00:00:00Z",
        },
        {"name": "mail.borea.example", "status": "failed", "error": "certificate: refused"},
    ]


def test_a_renewal_tells_expiries() -> None:
    plan = a_plan("mail.atlas.example", "mail.borea.example")
    certificates = [{"name": "mail.atlas.example", "not_after": END}]
    assert tenant_reports(plan, {}, certificates, provisioned=False) == [
        {"name": "mail.atlas.example", "certificate_valid_until": END},
        {"name": "mail.borea.example"},
    ]


@pytest.mark.parametrize(
    ("record", "failing", "said"),
    [
        (a_record("ready"), True, {"status": "failed", "error": "renewal: certificate: refused"}),
        (a_record("ready"), False, None),
        (a_record("failed", "renewal: certificate: refused"), True, None),
        (
            a_record("failed", "renewal: final block: refused"),
            True,
            {"status": "failed", "error": "renewal: certificate: refused"},
        ),
        (a_record("failed", "renewal: certificate: refused"), False, {"status": "ready"}),
        # What provisioning has left undone, only provisioning does
        (a_record("failed", "certificate: refused"), True, None),
        (a_record("failed", "certificate: refused"), False, None),
        (a_record("pending"), True, None),
        (a_record("pending"), False, None),
    ],
)
def test_a_renewal_tells_its_own_failures_and_takes_them_away(
    record: dict[str, Any], failing: bool, said: dict[str, str] | None
) -> None:
    failure = {"step": "certificate", "error": "refused"}
    failures = {"mail.atlas.example": failure} if failing else {}
    plan = a_plan("mail.atlas.example")
    reports = tenant_reports(plan, failures, [], provisioned=False, recorded=[record])
    assert reports == ([{"name": "mail.atlas.example", **said}] if said else [])


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (a_record("ready"), None),
        (a_record("pending"), {"status": "ready", "certificate_valid_until": END}),
        (a_record("ready", until=None), {"status": "ready", "certificate_valid_until": END}),
        (a_record("failed", "record: lost"), {"status": "ready", "certificate_valid_until": END}),
    ],
)
def test_what_is_recorded_already_is_not_reported(
    record: dict[str, Any], said: dict[str, str] | None
) -> None:
    certificates = [{"name": "mail.atlas.example", "not_after": END}]
    reports = tenant_reports(a_plan("mail.atlas.example"), {}, certificates, recorded=[record])
    assert reports == ([{"name": "mail.atlas.example", **said}] if said else [])


@pytest.mark.parametrize(
    ("record", "reported"),
    [
        (a_record("failed", "certificate: refused"), False),
        (a_record("failed", "certificate: another"), True),
        (a_record("ready"), True),
    ],
)
def test_the_same_failure_is_reported_once(record: dict[str, Any], reported: bool) -> None:
    failures = {"mail.atlas.example": {"step": "certificate", "error": "refused"}}
    reports = tenant_reports(a_plan("mail.atlas.example"), failures, [], recorded=[record])
    assert bool(reports) is reported


@pytest.mark.parametrize(
    ("record", "status"),
    [(a_record("ready"), None), (a_record("pending"), None), (a_record("failed", "x"), "pending")],
)
def test_a_disabled_tenant_is_not_ready(record: dict[str, Any], status: str | None) -> None:
    plan = a_plan("mail.atlas.example", disabled=True)
    reports = tenant_reports(plan, {}, [], recorded=[record])
    assert [report["status"] for report in reports] == ([status] if status else [])
    failures = {"mail.atlas.example": {"step": "bootstrap block", "error": "refused"}}
    (report,) = tenant_reports(plan, failures, [], recorded=[record])
    assert report["status"] == "failed"
