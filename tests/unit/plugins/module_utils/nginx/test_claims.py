# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who claims a name, and with which certificate."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.claims import (
    Claims,
    Inclusion,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError

MAIN = "/etc/nginx/nginx.conf"
LOADED = {
    MAIN: "http { include sites-enabled/*; server { server_name main.example; } }\n"
    "stream { server { listen 25; } }",
    "/etc/nginx/sites-enabled/a": """
        upstream a.example { server 127.0.0.1:1; }
        server { server_name A.example .b.example; listen 80; }
        server {
            server_name a.example;
            include snippets/tls.conf;
        }
        server { listen 80 default_server; server_name _; }
        """,
    "/etc/nginx/snippets/tls.conf": "ssl_certificate tls/chain.pem; ssl_certificate_key /k.pem;",
    "/etc/nginx/sites-enabled/v": "server { server_name v.example; ssl_certificate /$x.pem;"
    " ssl_certificate_key /$x.key; }",
    "/etc/nginx/sites-enabled/o.conf": "# Written by mailhost.modoboa.nginx_vhost: o.example,"
    " present. x\nserver { server_name o.example; }",
}


def test_files_are_found_by_name() -> None:
    claims = Claims(LOADED)
    assert claims.main == MAIN
    assert claims.files(["a.example"]) == ["/etc/nginx/sites-enabled/a"]
    assert claims.files(["b.example", "a.example"]) == ["/etc/nginx/sites-enabled/a"]
    assert claims.files(["main.example"]) == [MAIN]
    assert claims.files(["o.example"]) == claims.files(["x.b.example"]) == []
    blocks = claims.blocks_of("/etc/nginx/sites-enabled/a")
    assert [sorted(block.names) for block in blocks] == [
        ["*.b.example", "a.example", "b.example"],
        ["a.example"],
        [""],
    ]


def test_certificates_are_found_where_they_are_included() -> None:
    claims = Claims(LOADED)
    assert claims.certificate("a.example") == ("/etc/nginx/tls/chain.pem", "/k.pem")
    assert claims.certificate("b.example") is None
    assert claims.certificate("v.example") is None
    assert claims.certificate("nobody.example") is None


def test_inclusions_are_found() -> None:
    claims = Claims(LOADED)
    assert [each.pattern for each in claims.inclusions] == [
        "/etc/nginx/sites-enabled/*",
        "/etc/nginx/snippets/tls.conf",
    ]
    assert [each.is_pattern for each in claims.inclusions] == [True, False]


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/.b", False),
        ("/a/.*", "/a/.b", True),
        ("/a/*", "/a/b/c", False),
        ("/a/*.conf", "/a/b.conf.adopted", False),
        ("/*/b.conf", "/a/b.conf", True),
    ],
)
def test_patterns_match_as_a_shells_do(pattern: str, path: str, matches: bool) -> None:
    assert Inclusion("", 1, pattern).matches(path) is matches


def test_a_file_that_cannot_be_understood_matters_where_it_may_have_the_name() -> None:
    claims = Claims({"/x": "server { a.example", "/y": "server { server_name b.example; }"})
    assert claims.files(["b.example"]) == ["/y"]
    claims.insist_on_understanding(["b.example"])
    with pytest.raises(NginxError, match="/x cannot be understood"):
        claims.insist_on_understanding(["b.example", "a.example"])


def test_nothing_is_read_of_nothing() -> None:
    assert Claims({}).files(["a.example"]) == []
