# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail domains: finding the field that takes a hostname, and linking."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.domain import Domains
from unit.plugins.module_utils.modoboa.script import Answer, Exchange, Script, page

PATH = "/api/v2/domains/"


def described(**fields: Any) -> Exchange:
    return Exchange("OPTIONS", PATH, Answer(body={"name": "Domain", "actions": {"POST": fields}}))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": {"label": "Name"}, "portal": {"label": "Virtual host", "read_only": False}},
        {"portal": {"label": " VIRTUAL  Host"}},
        {"portal": {"label": "Virtual host"}, "virtualhost": {"label": "Something else"}},
    ],
)
def test_field_is_found_by_its_label(fields: dict[str, Any]) -> None:
    script = Script(described(**fields))
    domains = Domains(script.client())
    assert domains.virtual_host_field() == "portal"
    assert domains.virtual_host_field() == "portal"  # without asking again
    assert script.finished()


def test_field_is_found_by_its_name_where_labels_are_translated() -> None:
    script = Script(described(virtual_host={"label": "Virtueller Host"}))
    assert Domains(script.client()).virtual_host_field() == "virtual_host"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": {"label": "Name"}},
        {"virtualhost": {"label": "Virtual host", "read_only": True}},
    ],
)
def test_server_without_the_field(fields: dict[str, Any]) -> None:
    script = Script(described(**fields))
    with pytest.raises(errors.NoVirtualHostsError, match="extension modoboa_virtualhosts"):
        Domains(script.client()).virtual_host_field()


def test_user_who_may_not_write_domains() -> None:
    script = Script(Exchange("OPTIONS", PATH, Answer(body={"name": "Domain"})))
    with pytest.raises(errors.NotAllowedError, match="super administrator"):
        Domains(script.client()).virtual_host_field()


def test_search_takes_only_the_name_itself() -> None:
    script = Script(
        Exchange(
            "GET",
            PATH + "?page=1&page_size=500&ordering=name&search=a.example",
            page({"pk": 2, "name": "a.example.com"}, {"pk": 1, "name": "A.example"}),
        )
    )
    domains = Domains(script.client())
    domains.look_up({"a.example"})
    assert domains.key_of("a.example") == 1
    assert domains.key_of("b.example") is None


def test_nothing_to_look_up_asks_nothing() -> None:
    Domains(Script().client()).look_up(set())


def test_link_is_repeated_after_a_fault() -> None:
    script = Script(
        Exchange(
            "GET",
            PATH + "?page=1&page_size=500&ordering=name&search=a.example",
            page({"pk": 1, "name": "a.example"}),
        ),
        described(portal={"label": "Virtual host"}),
        Exchange("PATCH", PATH + "1/", Answer(504, b"")),
        Exchange("PATCH", PATH + "1/", Answer(body={}), sent={"portal": "mail.a.example"}),
    )
    domains = Domains(script.client())
    domains.look_up({"a.example"})
    domains.link("a.example", "mail.a.example")
    assert script.finished()
