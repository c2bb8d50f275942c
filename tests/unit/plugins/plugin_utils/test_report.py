# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report import build_report
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_metrics import metrics
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_page import page
from unit.plugins.plugin_utils.report_findings import (
    INSTANCE,
    NOW,
    a_block,
    a_certificate,
    a_look,
    a_record,
    a_tenant,
    at,
    report_of,
)

NAME = "mail.atlas.example"
ATLAS = a_tenant(NAME)


def only(report: dict[str, Any]) -> dict[str, Any]:
    """The one portal of a report."""
    (found,) = report["tenants"]
    return dict(found)


def kinds(report: dict[str, Any]) -> list[str]:
    return [each["kind"] for each in only(report)["drift"]]


def test_where_all_is_well_nothing_is_said() -> None:
    report = report_of(a_look(ATLAS), records=[a_record(NAME)])
    portal = only(report)
    assert (portal["state"], portal["level"], portal["drift"], portal["errors"]) == (
        "ready",
        "good",
        [],
        [],
    )
    assert (portal["certificate"]["days_left"], portal["certificate"]["left"]) == (60, 67)
    assert portal["renewal"]["moment"] == at(30)
    assert report["counts"] == {
        "tenants": 1,
        "bad": 0,
        "attention": 0,
        "good": 1,
        "off": 0,
        "drift": 0,
    }


@pytest.mark.parametrize(
    ("changes", "record", "kind", "level"),
    [
        ({"blocks": []}, {}, "no_block", "bad"),
        ({"nginx": [a_block(NAME, changed=True)]}, {}, "block_differs", "attention"),
        (
            {"nginx": [a_block(NAME, changed=True, served={"serial": "1"})]},
            {},
            "other_certificate_served",
            "bad",
        ),
        (
            {"certificates": [a_certificate(NAME, present=False, fault="privkey.pem is missing")]},
            {},
            "no_certificate",
            "bad",
        ),
        (
            {"certificates": [a_certificate(NAME, names=[NAME, "old.example"])]},
            {},
            "names_differ",
            "attention",
        ),
        (
            {"certificates": [a_certificate(NAME), a_certificate("mail.gone.example")]},
            {},
            "certificate_without_tenant",
            "attention",
        ),
        (
            {"nginx": [a_block(NAME), a_block("mail.gone.example", pruned=True, changed=True)]},
            {},
            "block_without_tenant",
            "attention",
        ),
        ({}, {"certificate_valid_until": at(1)}, "other_certificate_recorded", "attention"),
        ({}, {"certificate_valid_until": None}, "other_certificate_recorded", "attention"),
        ({}, {"domains": []}, "domains_differ", "attention"),
        ({}, {"domains": ["atlas.example", "more.example"]}, "domains_differ", "attention"),
        ({"blocks": []}, {"enabled": False}, "disabled_in_modoboa", "attention"),
    ],
)
def test_each_difference_is_found(
    changes: dict[str, Any], record: dict[str, Any], kind: str, level: str
) -> None:
    report = report_of(a_look(ATLAS, **changes), records=[a_record(NAME, **record)])
    (found,) = [(each, drift) for each in report["tenants"] for drift in each["drift"]]
    assert found[1]["kind"] == kind
    assert found[0]["level"] == level
    assert found[1]["message"]


def test_who_is_disabled_is_not_to_be_served() -> None:
    closed = a_tenant(NAME, disabled=True)
    record = a_record(NAME, enabled=False)
    well = report_of(a_look(closed, blocks=[]), records=[record])
    assert (only(well)["state"], only(well)["level"]) == ("disabled", "off")
    assert only(well)["renewal"] is None
    served = report_of(a_look(closed), records=[record])
    assert (kinds(served), only(served)["level"]) == (["disabled_but_served"], "attention")
    enabled = report_of(a_look(closed, blocks=[]), records=[a_record(NAME)])
    assert kinds(enabled) == ["enabled_in_modoboa"]


def test_records_and_tenants_without_each_other() -> None:
    assert kinds(report_of(a_look(ATLAS), records=[])) == ["no_record"]
    nothing = a_look(ATLAS, certificates=[], blocks=[], nginx=[a_block(NAME, served=None)])
    new = report_of(nothing, records=[])
    assert (only(new)["state"], kinds(new)) == ("new", ["not_provisioned"])
    alone = report_of(a_look(), records=[a_record(NAME)])
    assert (only(alone)["state"], kinds(alone)) == ("unlisted", ["no_tenant"])
    # A host that is not in the play has it
    assert report_of(a_look(), records=[a_record(NAME)], listed=[NAME])["tenants"] == []


def test_a_theme_is_compared_with_the_inventory(tmp_path: Path) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text("<svg/>")
    theme = {"colors": {"primary": "#ABCDEF"}, "logos": {"login": str(logo)}, "page_title": "Atlas"}
    look = a_look(a_tenant(NAME, theme=theme))
    shown = a_record(NAME)["theme"] | {"page_title": "Atlas"}
    shown["colors"]["primary"] = "#abcdef"
    shown["logos"]["login"] = hashlib.sha256(b"<svg/>").hexdigest()
    report = report_of(look, records=[a_record(NAME, theme=shown)])
    assert only(report)["drift"] == []
    assert only(report)["theme"]["logo"] == str(logo)

    logo.write_text("<svg></svg>")
    shown |= {"page_title": "Borea", "colors": {**shown["colors"], "label": "#000000"}}
    (found,) = only(report_of(look, records=[a_record(NAME, theme=shown)]))["drift"]
    assert found["message"] == "Modoboa has another colour label, logo login, page title"
    # A server that does not know of a kind of logo, or of texts, has no other
    shown |= {"page_title": None, "logos": {}, "colors": {**shown["colors"], "label": ""}}
    assert only(report_of(look, records=[a_record(NAME, theme=shown)]))["drift"] == []


@pytest.mark.parametrize(
    ("days", "life", "level"),
    [
        (30, 90, "good"),
        (10.1, 90, "good"),
        (9.9, 90, "danger"),
        (-0.1, 90, "expired"),
        # One that lives for six days is not in danger all its life
        (3, 6, "good"),
        (0.9, 6, "danger"),
    ],
)
def test_the_end_of_a_certificate(days: float, life: float, level: str) -> None:
    look = a_look(ATLAS, certificates=[a_certificate(NAME, days, life)])
    portal = only(report_of(look, records=[a_record(NAME, days)]))
    assert portal["certificate"]["level"] == level
    assert portal["level"] == ("good" if level == "good" else "bad")


def test_the_certificate_that_ends_first_counts() -> None:
    edge = a_look(ATLAS, host="edge", issues=False, certificates=[a_certificate(NAME, 20)])
    portal = only(report_of(a_look(ATLAS), edge, records=[a_record(NAME)]))
    assert portal["certificate"]["host"] == "edge"
    assert portal["hosts"] == ["front", "edge"]
    # It renews nothing itself, and nobody tells Modoboa of it
    assert portal["renewal"] is None
    assert portal["drift"] == []


def test_a_front_end_has_the_certificate_that_was_obtained() -> None:
    edge: dict[str, Any] = {"host": "edge", "issues": False, "certificates": None}
    well = report_of(a_look(ATLAS), a_look(ATLAS, **edge), records=[a_record(NAME)])
    assert (only(well)["level"], only(well)["missing_hosts"]) == ("good", [])
    copied = a_certificate(NAME, present=False, fault="state.json is missing")
    edge["certificates"] = [copied]
    there = report_of(a_look(ATLAS), a_look(ATLAS, **edge), records=[a_record(NAME)])
    assert only(there)["drift"] == []
    edge["certificates"] = None
    old = a_look(ATLAS, **edge, nginx=[a_block(NAME, served={"serial": "1"})])
    (found,) = only(report_of(a_look(ATLAS), old, records=[a_record(NAME)]))["drift"]
    assert (found["kind"], found["host"]) == ("other_certificate_served", "edge")


@pytest.mark.parametrize(
    ("names", "well"),
    [
        ([NAME, "old.example"], True),
        (["*.atlas.example"], True),
        (["*.atlas.example", "atlas.example"], True),
        (["*.example"], False),
        (["old.example"], False),
    ],
)
def test_what_somebody_else_has_ordered_may_have_more_names(names: list[str], well: bool) -> None:
    expected = [] if well else ["names_differ"]
    adopted = a_look(ATLAS, certificates=[a_certificate(NAME, names=names, adopted=True)])
    assert kinds(report_of(adopted, records=[a_record(NAME)])) == expected
    brought = a_certificate(NAME, names=names, present=False, fault="state.json is missing")
    edge = a_look(ATLAS, host="edge", issues=False, certificates=[brought])
    portal = only(report_of(a_look(ATLAS), edge, records=[a_record(NAME)]))
    assert [each["kind"] for each in portal["drift"]] == expected
    assert portal["level"] == ("good" if well else "attention")


def test_what_could_not_be_looked_at_is_no_difference() -> None:
    nothing: dict[str, Any] = {"certificates": None, "blocks": None, "nginx": None}
    lost = a_look(ATLAS, host="edge", reached=False, problems=["no route"], **nothing)
    portal = only(report_of(a_look(ATLAS), lost, records=[a_record(NAME)]))
    assert (portal["level"], portal["missing_hosts"], portal["drift"]) == (
        "attention",
        ["edge"],
        [],
    )
    for unknown in nothing:
        hidden: dict[str, Any] = {unknown: None}
        portal = only(report_of(a_look(ATLAS, **hidden), records=[a_record(NAME)]))
        assert (portal["level"], portal["missing_hosts"]) == ("attention", ["front"])
        assert portal["drift"] == []
    # Of a list with mistakes nobody knows what is left over
    misread = report_of(a_look(ATLAS, tenants=None), records=[a_record(NAME)], listed=[NAME])
    assert misread["tenants"] == []
    silent = build_report(
        [a_look(ATLAS)], {INSTANCE: {"vhosts": None, "problem": "no answer"}}, now=NOW
    )
    assert (only(silent)["state"], only(silent)["drift"]) == ("unknown", [])
    assert silent["instances"][0]["problem"] == "no answer"


def test_errors_are_told_once() -> None:
    failures = {"count": 1, "last": at(0), "last_error": "no such name", "next_attempt": at(1)}
    look = a_look(ATLAS, certificates=[a_certificate(NAME, failures=failures)])
    failed = a_record(NAME, status="failed", error="certificate: no such name")
    portal = only(report_of(look, records=[failed]))
    assert (portal["state"], portal["level"]) == ("failed", "bad")
    assert [error["source"] for error in portal["errors"]] == ["Modoboa"]
    assert portal["renewal"]["not_before"] == at(1)


def test_the_digest_is_the_same_while_only_time_goes_by() -> None:
    findings = {"records": [a_record(NAME)]}
    first = report_of(a_look(ATLAS), **findings)
    later = report_of(a_look(ATLAS), now=NOW + timedelta(days=40), **findings)
    assert only(later)["certificate"]["days_left"] == only(first)["certificate"]["days_left"] - 40
    assert first["digest"] == later["digest"]
    assert first["generated"] != later["generated"]
    # That somebody has to look is news
    end = report_of(a_look(ATLAS), now=NOW + timedelta(days=55), **findings)
    assert end["digest"] != first["digest"]


def test_the_worst_come_first() -> None:
    names = [f"mail.{label}.example" for label in ("atlas", "borea", "corvus")]
    look = a_look(*map(a_tenant, names), blocks=names[:2])
    records = [a_record(names[0]), a_record(names[1], domains=[]), a_record(names[2])]
    report = report_of(look, records=records)
    assert [each["hostname"] for each in report["tenants"]] == [names[2], names[1], names[0]]


def test_five_hundred_take_no_time() -> None:
    names = [f"mail.tenant{number:03}.example" for number in range(500)]
    look = a_look(*map(a_tenant, names))
    records = [a_record(name) for name in names]
    began = time.monotonic()
    report = report_of(look, records=records)
    assert report["counts"]["good"] == 500
    assert len(page(report)) < 2_000_000
    assert metrics(report)
    assert json.loads(json.dumps(report)) == report
    # 0.2 s where nothing else runs
    assert time.monotonic() - began < 3
