# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant import (
    tenant_errors,
    tenant_plan,
)


def a_tenant(hostname: str = "mail.atlas.example", **more: Any) -> dict[str, Any]:
    domain = hostname.removeprefix("mail.")
    return {"hostname": hostname, "domains": [domain], "names": [], "theme": None, **more}


def test_sound_tenants_have_no_errors(tmp_path: Path) -> None:
    (tmp_path / "atlas.svg").write_text("<svg/>")
    theme = {
        "colors": {"primary": "#1565c0"},
        "logos": {"login": "atlas.svg", "menu": str(tmp_path / "atlas.svg")},
    }
    tenants = [
        a_tenant(theme=theme, names=["webmail.atlas.example"]),
        a_tenant("mail.borea.example"),
    ]
    assert tenant_errors(tenants, str(tmp_path)) == []


@pytest.mark.parametrize(
    ("tenant", "error"),
    [
        (a_tenant("Mail.atlas.example", domains=["atlas.example"]), "upper-case"),
        (a_tenant("mail..example", domains=["atlas.example"]), "malformed"),
        (a_tenant("mail.atlas.example", names=["web mail.atlas.example"]), "malformed"),
        (a_tenant("mail.atlas.example", domains=[]), "no mail domain"),
        (a_tenant("mail.atlas.example", domains=["Atlas.example"]), "upper-case"),
        (a_tenant(theme={"colors": {"primary": "blue"}}), "not a hex colour"),
        (a_tenant(theme={"colors": {"primary": "#15c"}}), "not a hex colour"),
        (a_tenant(theme={"logos": {"login": "missing.svg"}}), "there is no file"),
        (a_tenant(names=["mail.atlas.example"]), "used twice"),
        (a_tenant(domains="atlas.example"), "write it as a list"),
        (a_tenant(names="webmail.atlas.example"), "write it as a list"),
        (a_tenant(theme={"colors": {"primary": None}}), "write it in quotes"),
        (a_tenant(theme={"colors": {"primary": 112233}}), "write it in quotes"),
        (a_tenant(theme={"logos": {"login": None}}), "not a path"),
        (a_tenant(theme={"logos": {"favicon": "missing.png"}}), "there is no file"),
        (a_tenant(theme={"page_title": 7}), "page_title is 7, not a text"),
        (a_tenant(theme={"sender_address": "atlas.example"}), "not a mail address"),
        (a_tenant(nginx={"client_max_body_size": "many"}), "nginx: client_max_body_size 'many'"),
    ],
)
def test_a_mistake_is_named_with_its_tenant(
    tenant: dict[str, Any], error: str, tmp_path: Path
) -> None:
    errors = tenant_errors([a_tenant("mail.borea.example"), tenant], str(tmp_path))
    assert len(errors) == 1
    assert error in errors[0]
    assert errors[0].startswith(f"tenant 2 ({tenant['hostname']})")


def test_two_tenants_share_neither_name_nor_domain() -> None:
    errors = tenant_errors([a_tenant(), a_tenant()], "logos")
    assert len(errors) == 2
    assert "the name mail.atlas.example is used twice" in errors[0]
    assert "the mail domain atlas.example is named twice" in errors[1]


def test_hosts_of_one_instance_share_neither_name_nor_domain() -> None:
    errors = tenant_errors([a_tenant()], "logos", {"front2": [a_tenant()]})
    assert len(errors) == 2
    assert "first by mail.atlas.example of host front2" in errors[0]


@pytest.mark.parametrize(
    "others",
    [
        None,
        "mail.atlas.example",
        [None],
        ["text"],
        [{"hostname": "mail.atlas.example"}],
        [{"domains": ["atlas.example"]}],
        [a_tenant(domains=None)],
        [a_tenant(names=7)],
    ],
)
def test_what_is_wrong_with_another_hosts_list_stops_nobody_here(others: Any) -> None:
    assert tenant_errors([a_tenant()], "logos", {"front2": others}) == []


def test_all_mistakes_are_found_at_once() -> None:
    tenants = [
        a_tenant("UPPER.example"),
        a_tenant(theme={"colors": {"primary": "x", "label": "y"}}),
    ]
    assert len(tenant_errors(tenants, "logos")) == 4  # the domain UPPER.example is one, too


def test_a_mistake_in_one_server_block_is_told_of_no_other() -> None:
    tenants = [
        a_tenant("mail.borea.example"),
        a_tenant(nginx={"application": "nowhere"}),
        a_tenant("mail.corvus.example", nginx={"acces_log": "off"}),
    ]
    errors = tenant_errors(tenants, "logos")
    assert [error[:10] for error in errors] == ["tenant 2 (", "tenant 3 ("]


def test_the_plan_has_an_item_for_each_module() -> None:
    theme = {
        "colors": {"primary": "#1565c0"},
        "logos": {"login": "atlas.svg"},
        "page_title": "Atlas mail",
        "sender_address": None,
    }
    (entry,) = tenant_plan([a_tenant(theme=theme, names=["webmail.atlas.example"])], "logos")
    assert entry == {
        "hostname": "mail.atlas.example",
        "disabled": False,
        "virtual_host": {"name": "mail.atlas.example", "domains": ["atlas.example"]},
        "server_block": {"name": "mail.atlas.example", "names": ["webmail.atlas.example"]},
        "certificate": {"name": "mail.atlas.example", "names": ["webmail.atlas.example"]},
        "theme": {
            "name": "mail.atlas.example",
            "colors": {
                "primary": "#1565c0",
                "primary_light": "",
                "primary_dark": "",
                "secondary": "",
                "label": "",
            },
            "logos": {"login": "logos/atlas.svg", "menu": "", "creation_form": "", "favicon": ""},
            "page_title": "Atlas mail",
            "sender_address": "",
        },
    }


@pytest.mark.parametrize("closed", ["disabled", "absent"])
def test_a_disabled_tenant_is_so_in_modoboa_and_in_nginx(closed: str) -> None:
    tenants = [a_tenant(disabled=True), a_tenant("mail.borea.example", disabled="no")]
    entry, other = tenant_plan(tenants, "logos", closed=closed)
    assert entry["disabled"] is True
    assert entry["virtual_host"]["state"] == "disabled"
    assert entry["server_block"]["state"] == closed
    # What a task says for all holds for the others
    assert other["disabled"] is False
    assert "state" not in {**other["virtual_host"], **other["server_block"]}


def test_the_plan_can_be_limited_to_some_tenants() -> None:
    tenants = [a_tenant(), a_tenant("mail.borea.example")]
    (entry,) = tenant_plan(tenants, "logos", ["mail.borea.example"])
    assert entry["hostname"] == "mail.borea.example"


def test_an_empty_hostname_is_not_everybody() -> None:
    with pytest.raises(ValueError, match="is there without a hostname"):
        tenant_plan([a_tenant()], "logos", [""])


def test_an_unknown_tenant_is_no_silent_success() -> None:
    with pytest.raises(ValueError, match=r"no tenant has the hostname mail\.zeta\.example"):
        tenant_plan([a_tenant()], "logos", ["mail.zeta.example"])
