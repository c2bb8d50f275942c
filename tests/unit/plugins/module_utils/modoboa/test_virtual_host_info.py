# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about virtual hosts: what is asked of the server, and what comes of it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme import Theme
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_info import (
    Question,
    VirtualHostInfo,
    ask,
)
from unit.plugins.module_utils.modoboa.script import Answer, Exchange, Script, page

LIST = "/api/v2/virtualhosts/?page=1&page_size=1000"
OFFER = "/api/v2/virtualhosts/bulk/"
MORE = Answer(body={}, headers={"Allow": "POST, OPTIONS"})
CONTRACT_ONLY = Answer(body={}, headers={"Allow": "DELETE, OPTIONS"})
NOW = datetime(2026, 12, 1, 12, 0, tzinfo=timezone.utc)


def shown(name: str, **more: Any) -> dict[str, Any]:
    """A virtual host as the server shows it."""
    return {
        "pk": 7,
        "name": name,
        "creation": "2026-06-01T10:00:00+02:00",
        "enabled": True,
        "domains": [{"pk": 1, "name": name.replace("mail.", "")}],
        "has_certificate": True,
        "certificate_valid_until": "2026-12-15T12:00:00Z",
        "provisioning_status": "ready",
        "last_provisioning_error": "",
        **more,
    }


ALL = (
    shown("mail.a.example"),
    shown("mail.b.example", enabled=False, certificate_valid_until="2026-11-30T12:00:01Z"),
    shown(
        "mail.c.example",
        provisioning_status="failed",
        last_provisioning_error="The name does not resolve.",
        certificate_valid_until=None,
        has_certificate=False,
    ),
)


def names(question: Question) -> list[str]:
    """The names of those that a server without filters leads to."""
    exchanges = [Exchange("GET", f"{LIST}&ordering=name", page(*ALL))]
    if question.parameters():
        exchanges.insert(0, Exchange("OPTIONS", OFFER, CONTRACT_ONLY))
    script = Script(*exchanges)
    reply = ask(script.client(), question)
    assert script.finished()
    return [info.host.name for info in reply.found]


def test_everything_about_one() -> None:
    assert VirtualHostInfo.from_json(ALL[2]).facts(NOW) == {
        "name": "mail.c.example",
        "pk": 7,
        "creation": "2026-06-01T08:00:00Z",
        "enabled": True,
        "domains": ["c.example"],
        "status": "failed",
        "error": "The name does not resolve.",
        "has_certificate": False,
        "certificate_valid_until": None,
        "days_left": None,
    }


@pytest.mark.parametrize(
    ("until", "days"),
    [
        ("2026-12-15T12:00:00Z", 14),
        ("2026-12-15T11:59:59Z", 13),
        ("2026-12-01T12:00:00Z", 0),
        ("2026-12-01T11:59:59Z", -1),
    ],
)
def test_days_left(until: str, days: int) -> None:
    info = VirtualHostInfo.from_json(shown("mail.a.example", certificate_valid_until=until))
    assert info.facts(NOW)["days_left"] == days


def test_server_that_does_not_tell_when_and_whether() -> None:
    content = shown("mail.a.example", creation="long ago")
    del content["has_certificate"]
    info = VirtualHostInfo.from_json(content)
    assert info.creation is None
    assert info.has_certificate


@pytest.mark.parametrize("content", [None, [], {}, {**ALL[0], "theme": "blue"}])
def test_unknown_representation(content: Any) -> None:
    with pytest.raises(errors.UnexpectedAnswerError, match="unknown way"):
        VirtualHostInfo.from_json(content)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (Question(), "abc"),
        (Question(names=["mail.b.example", "mail.c.example"]), "bc"),
        (Question(statuses=["failed", "pending"]), "c"),
        (Question(enabled=True), "ac"),
        (Question(enabled=False), "b"),
        (Question(domain="a.example"), "a"),
        (Question(domain="example"), ""),
        (Question(expiring_before=datetime(2026, 12, 15, 12, 0, 1, tzinfo=timezone.utc)), "ab"),
        (Question(expiring_before=datetime(2026, 12, 15, 12, 0, tzinfo=timezone.utc)), "b"),
        (Question(statuses=["ready"], enabled=True, domain="b.example"), ""),
    ],
)
def test_conditions_hold_where_the_server_has_no_filters(question: Question, found: str) -> None:
    assert names(question) == [f"mail.{letter}.example" for letter in found]


def test_server_that_has_filters_is_given_them() -> None:
    question = Question(
        statuses=["ready", "failed"],
        enabled=False,
        domain="a.example",
        expiring_before=datetime(2026, 12, 15, 13, 0, tzinfo=timezone.utc),
        with_theme=True,
    )
    wanted = (
        "&theme=true&provisioning_status=ready&provisioning_status=failed&enabled=false"
        "&domain=a.example&certificate_valid_until_before=2026-12-15T13%3A00%3A00Z&ordering=name"
    )
    script = Script(
        Exchange("OPTIONS", OFFER, MORE),
        # One that lets more through than it should
        Exchange("GET", LIST + wanted, page(*ALL)),
    )
    assert ask(script.client(), question).found == []
    assert script.finished()


def test_one_name_is_searched_for_and_the_rest_looked_at_here() -> None:
    script = Script(
        Exchange(
            "GET",
            f"{LIST}&search=mail.a.example&ordering=name",
            page(shown("mail.a.example"), shown("webmail.a.example")),
        )
    )
    reply = ask(script.client(), Question(names=["mail.a.example"], statuses=["failed"]))
    assert reply.found == []
    assert reply.missing == []


def test_names_that_are_not_there() -> None:
    wanted = ["mail.z.example", "mail.a.example", "mail.y.example", "mail.z.example"]
    script = Script(Exchange("GET", f"{LIST}&ordering=name", page(*ALL)))
    reply = ask(script.client(), Question(names=wanted))
    assert [info.host.name for info in reply.found] == ["mail.a.example"]
    assert reply.missing == ["mail.y.example", "mail.z.example"]


def test_themes_come_along_where_the_server_lists_them() -> None:
    theme = {"theme_primary_color": "#1565C0", "logo_digests": {"login": "ab"}}
    script = Script(
        Exchange("OPTIONS", OFFER, MORE),
        Exchange(
            "GET",
            f"{LIST}&theme=true&ordering=name",
            page(shown("mail.a.example", theme=theme)),
        ),
    )
    (info,) = ask(script.client(), Question(with_theme=True)).found
    facts = info.theme_facts()
    assert facts is not None
    assert facts["colors"]["primary"] == "#1565c0"
    assert facts["logos"]["login"] == "ab"
    assert script.finished()


def test_themes_are_asked_for_elsewhere_and_who_is_gone_left_out() -> None:
    script = Script(
        Exchange("OPTIONS", OFFER, CONTRACT_ONLY),
        Exchange(
            "GET",
            f"{LIST}&search=mail.a.example&ordering=name",
            page(shown("mail.a.example")),
        ),
        Exchange("GET", "/api/v2/virtualhosts/7/theme/", Answer(404, {"detail": "Not found."})),
    )
    question = Question(names=["mail.a.example"], with_theme=True)
    assert ask(script.client(), question).found == []
    assert script.finished()


def test_no_theme_unless_asked_for() -> None:
    assert VirtualHostInfo.from_json(ALL[0]).theme_facts() is None
    assert VirtualHostInfo.from_json({**ALL[0], "theme": {}}).theme == Theme.from_json({})


def test_modoboa_without_virtual_hosts() -> None:
    script = Script(
        Exchange("GET", f"{LIST}&ordering=name", Answer(404, "<title>Not Found</title>")),
        Exchange("GET", "/api/v2/domains/?page_size=1", page()),
    )
    with pytest.raises(errors.NoVirtualHostsError, match="install the extension"):
        ask(script.client(), Question())
