# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant_chain import (
    ANSWERS,
    tenant_chain,
)

GOOD, BAD, CLOSED = "mail.good.example", "mail.bad.example", "mail.closed.example"
PLAN = [{"hostname": name, "disabled": name == CLOSED} for name in (GOOD, BAD, CLOSED)]
FAILED: dict[str, Any] = {"failed": True, "error": "broken"}


def a_result(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "failed": False, "error": None, "changed": False, **more}


def recorded(**more: dict[str, Any]) -> dict[str, Any]:
    """What the first step returned, of each tenant by the first part of its name."""
    common = {"exists": True, "created": False, "domains_elsewhere": {}}
    names = {"good": GOOD, "bad": BAD, "closed": CLOSED}
    return {"vhosts": [a_result(n, **{**common, **more.get(k, {})}) for k, n in names.items()]}


def blocks(**states: str) -> dict[str, Any]:
    names = {"good": GOOD, "bad": BAD, "closed": CLOSED}
    common = {"pruned": False, "damaged": False}
    return {"vhosts": [a_result(names[k], state=state, **common) for k, state in states.items()]}


def ask(what: str, broken: dict[str, str] | None = None, **steps: Any) -> Any:
    answer = tenant_chain(PLAN, what, steps, broken)
    if isinstance(answer, list):
        return [entry if isinstance(entry, str) else entry["hostname"] for entry in answer]
    return answer


def test_at_first_everybody_is_in_the_chain() -> None:
    assert ask("open") == [GOOD, BAD, CLOSED]
    assert ask("failures") == {}
    assert ask("to_issue") == [GOOD, BAD]


def test_who_failed_is_out_of_it_with_the_step_and_the_reason() -> None:
    steps = {"recorded": recorded(bad=FAILED)}
    assert ask("open", **steps) == [GOOD, CLOSED]
    assert ask("failures", **steps)[BAD]["message"] == f"{BAD}: record: broken"
    assert ask("in_modoboa", **steps) == [GOOD, BAD, CLOSED]


@pytest.mark.parametrize("step", ["exported", "imported"])
def test_who_was_not_copied_is_named(step: str) -> None:
    steps = {step: {"certificates": [a_result(BAD, **FAILED)]}}
    failures = ask("failures", None, **steps)
    assert failures[BAD]["message"] == f"{BAD}: copy of the certificate: broken"


def test_a_step_that_could_not_be_done_fails_those_who_were_left() -> None:
    failures = ask(
        "failures", {"step": "Obtain certificates", "error": "lost"}, recorded=recorded(bad=FAILED)
    )
    assert failures[GOOD]["message"] == f"{GOOD}: Obtain certificates: lost"
    assert failures[BAD]["step"] == "record"
    assert ask("open", {"step": "x", "error": "lost"}) == []


def test_a_damaged_certificate_is_no_failure_before_there_is_another() -> None:
    first = blocks(good="present", bad="present")
    first["vhosts"][1].update(FAILED, damaged=True)
    assert ask("open", bootstrapped=first) == [GOOD, BAD, CLOSED]
    assert BAD in ask("to_serve", bootstrapped=first)


def test_final_blocks_are_written_for_whom_something_is_left() -> None:
    first = blocks(good="present", bad="bootstrap", closed="disabled")
    assert ask("to_serve", bootstrapped=first) == [BAD]
    issued = {"certificates": [a_result(GOOD, changed=True), a_result(BAD, changed=True)]}
    assert ask("renewed", issued=issued) == [GOOD, BAD]
    issued["certificates"][0]["issued"] = False  # modes of its files were put right
    assert ask("renewed", issued=issued) == [BAD]
    issued["certificates"][0]["issued"] = True
    assert ask("to_serve", bootstrapped=first, issued=issued) == [GOOD, BAD]
    assert ask("to_serve") == [GOOD, BAD, CLOSED]


def test_domains_move_to_those_who_are_online() -> None:
    elsewhere = {"domains_elsewhere": {"some.example": "mail.old.example"}}
    steps = {"recorded": recorded(good=elsewhere, bad={**elsewhere, **FAILED}, closed=elsewhere)}
    assert ask("to_move", **steps) == [GOOD]
    assert ask("to_move", recorded=recorded()) == []


def test_a_theme_needs_a_record() -> None:
    steps = {"recorded": recorded(good={"exists": False}, closed={"exists": False})}
    # Who is not disabled has got one meanwhile, or fails for the want of it
    assert ask("to_theme", **steps) == [GOOD, BAD]
    assert ask("to_theme", recorded=recorded()) == [GOOD, BAD, CLOSED]


def test_records_may_come_with_their_domains_only() -> None:
    steps = {
        "recorded": recorded(good={"exists": False}),
        "moved": {"vhosts": [a_result(GOOD, exists=True, created=True)]},
    }
    assert ask("in_modoboa", **steps) == [GOOD, BAD, CLOSED]
    assert ask("created", **steps) == [GOOD]


def test_what_is_no_tenants_fails_none() -> None:
    pruned = a_result("mail.old.example", pruned=True, damaged=False, **FAILED)
    steps: dict[str, Any] = {
        "bootstrapped": {"vhosts": [], "catch_all": {**FAILED}},
        "served": {"vhosts": [pruned], "catch_all": None},
    }
    assert ask("failures", **steps) == {}
    messages = [each["message"] for each in ask("other_failures", **steps).values()]
    assert messages == [
        "catch-all: broken",
        "mail.old.example: removal of a block that is not listed: broken",
    ]


def test_nothing_else_can_be_asked() -> None:
    with pytest.raises(ValueError, match="'closed' is not one of failures, other_failures, open"):
        ask("closed")
    assert "renewed" in ANSWERS
