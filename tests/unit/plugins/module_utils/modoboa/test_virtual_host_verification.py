# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that accepts what it does not keep."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils.modoboa.convergence import item, run
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.module_utils.modoboa.server import Server

UNTIL = "2027-01-01T00:00:00Z"


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("field", "wanted", "named"),
    [
        ("domains", item("mail.a.example", "a.example"), "the domain a.example"),
        ("enabled", item("mail.a.example", state="disabled"), "enabled"),
        (
            "domains",
            item("mail.a.example", exclusive=True),
            "that the domain b.example is unlinked",
        ),
        ("delete", item("mail.a.example", state="absent"), "its deletion"),
        ("report", item("mail.a.example", status="ready"), "the reported status"),
        (
            "report",
            item("mail.a.example", state="reported", certificate_valid_until=UNTIL),
            "the reported certificate_valid_until",
        ),
    ],
)
def test_ignored_write_is_an_error(
    field: str, wanted: dict[str, Any], named: str, at_once: bool
) -> None:
    server = Server(["a.example", "b.example"])
    server.takes_bulk = at_once
    server.add("mail.a.example", "b.example")
    server.ignores.add(field)
    (outcome,) = run(server, wanted)
    assert outcome.error is not None
    assert f"did not keep, {named};" in outcome.error
    assert not outcome.changed


@pytest.mark.parametrize("at_once", [True, False])
def test_ignored_creation_is_an_error(at_once: bool) -> None:
    server = Server(["a.example"])
    server.takes_bulk = at_once
    server.ignores.add("domains")
    (outcome,) = run(server, item("mail.a.example", "a.example"))
    assert outcome.error is not None
    assert "its creation" in outcome.error
    (outcome,) = run(server, item("mail.a.example", "a.example", state="disabled"))
    assert outcome.error is not None


@pytest.mark.parametrize("at_once", [True, False])
def test_new_one_that_is_not_enabled_is_an_error(at_once: bool) -> None:
    server = Server(["a.example"])
    server.takes_bulk = at_once
    server.jobs = [lambda: None, lambda: server.hosts["mail.a.example"].update(enabled=False)]
    (outcome,) = run(server, item("mail.a.example", "a.example"))
    assert outcome.error is not None
    assert "did not keep, enabled;" in outcome.error
    assert run(server, item("mail.a.example"))[0].error is None
    assert server.hosts["mail.a.example"]["enabled"]


@pytest.mark.parametrize("provisions", [True, False])
def test_retry_that_leads_to_nothing(provisions: bool) -> None:
    server = Server()
    if provisions:
        server.cut_down()
    server.add("mail.a.example", status="failed", error="no")
    server.faults["POST virtualhosts/1/retry_provisioning/"] = Answer(body={})
    (outcome,) = run(server, item("mail.a.example"), retry=True)
    # A server that does it by itself may have failed again
    assert (outcome.error is None) is provisions
    assert provisions or "that it is provisioned again" in str(outcome.error)
