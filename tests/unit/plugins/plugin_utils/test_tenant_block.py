# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant_block import (
    faults_of_blocks,
    server_block,
)

HOSTNAME = "mail.atlas.example"
LOGS = {"access_log": "/var/log/nginx/{hostname}.access.log", "error_log": ""}


def a_tenant(**nginx: Any) -> dict[str, Any]:
    return {"hostname": HOSTNAME, "domains": ["atlas.example"], "nginx": nginx}


def test_a_tenant_without_wishes_has_its_names_only() -> None:
    tenant = {"hostname": HOSTNAME, "names": ["webmail.atlas.example"], "nginx": None}
    assert server_block(tenant) == {"name": HOSTNAME, "names": ["webmail.atlas.example"]}


def test_logs_for_all_are_named_after_the_tenant() -> None:
    block = server_block(a_tenant(), LOGS)
    assert block["access_log"] == f"/var/log/nginx/{HOSTNAME}.access.log"
    assert "error_log" not in block


def test_its_own_wishes_come_first() -> None:
    block = server_block(a_tenant(access_log="off", error_log="/srv/{hostname}.log"), LOGS)
    assert block["access_log"] == "off"
    assert block["error_log"] == f"/srv/{HOSTNAME}.log"


def test_what_is_left_empty_is_as_for_all() -> None:
    assert server_block(a_tenant(access_log=None, snippet=None), LOGS) == server_block(
        a_tenant(), LOGS
    )


def test_it_is_for_no_other_host() -> None:
    assert server_block(a_tenant(name="mail.birch.example"))["name"] == HOSTNAME


def test_what_the_module_takes_has_no_errors() -> None:
    tenant = a_tenant(
        application="127.0.0.1:8001",
        application_protocol="uwsgi",
        client_max_body_size="50m",
        hsts_max_age="300",
        snippet="location /radicale/ { proxy_pass http://127.0.0.1:5232; }",
    )
    assert faults_of_blocks([tenant, a_tenant()], LOGS) == [[], []]


@pytest.mark.parametrize(
    ("own", "common"), [({"access_log": False}, {}), ({}, {**LOGS, "access_log": False})]
)
def test_off_without_quotes(own: dict[str, Any], common: dict[str, Any]) -> None:
    """YAML makes a no of it. Whoever wants no log must not get one."""
    assert faults_of_blocks([a_tenant(**own)], common) == [
        ['nginx: access_log is what YAML makes of off; write "off", in quotes']
    ]


@pytest.mark.parametrize(
    ("nginx", "error"),
    [
        ({"client_max_body_size": "many"}, "nginx: client_max_body_size 'many' is no size"),
        ({"application": "nowhere"}, "nginx: application 'nowhere'"),
        ({"access_log": "relative.log"}, "nginx: access_log 'relative.log'"),
        ({"snippet": "location / {"}, "nginx: snippet, line 1"),
        ({"hsts_max_age": "a year"}, "hsts_max_age"),
        ({"acces_log": "off"}, "acces_log"),
        (["access_log"], "nginx is ['access_log']; write options of nginx_vhost below it"),
    ],
)
def test_mistakes_are_told(nginx: Any, error: str) -> None:
    sound = {"hostname": "mail.birch.example", "domains": ["birch.example"]}
    (found,), nothing = faults_of_blocks([{**a_tenant(), "nginx": nginx}, sound])
    assert error in found
    assert HOSTNAME not in found
    assert nothing == []
