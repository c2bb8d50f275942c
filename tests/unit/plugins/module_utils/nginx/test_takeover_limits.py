# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not go, as others, or the portal itself, would miss it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.claims import Claims
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet_directives import (
    SnippetDirectives,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.takeover_limits import (
    insist_on_replaceable,
)
from unit.plugins.module_utils.nginx.hosts import host, settings

NAME = "a.example"
STRANGER = "server { listen 203.0.113.5:443 ssl; server_name shop.example; }"


def insist(
    text: str, *snippets: str, beside: str = "", listening: tuple[str, ...] = ("*", "[::]")
) -> None:
    """Refuse, or not, a file beside that of a stranger."""
    main = "http { include /etc/nginx/s/*; }"
    claims = Claims(
        {
            "/etc/nginx/nginx.conf": main,
            "/etc/nginx/s/a": f"{beside} server {{ server_name {NAME}; {text} }}",
            "/etc/nginx/s/b": STRANGER,
        }
    )
    common = replace(settings(Path("/s")), listen_addresses=listening)
    there = SnippetDirectives(snippets)
    insist_on_replaceable("/etc/nginx/s/a", host(NAME), common, claims, [NAME], there)


@pytest.mark.parametrize(
    "text",
    [
        "listen 443 ssl; listen [::]:443 ssl;",
        "listen 203.0.113.9:443 ssl;",
        "listen 203.0.113.5:80;",
        "allow all; auth_basic off;",
        "location ~ /\\.ht { deny all; }",
        "location /radicale/ { auth_basic x; }",
    ],
)
def test_what_nobody_misses_may_go(text: str) -> None:
    insist(text, beside="upstream u { server 127.0.0.1; } map $a $b { default 0; }")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("listen 443 ssl default_server;", "is the default server"),
        ("listen 443 ssl proxy_protocol;", "expects the PROXY protocol"),
        ("listen 203.0.113.5:443 ssl;", "add 203.0.113.5 to listen_addresses"),
        ("auth_basic x;", "restricts access"),
        ("location / { allow 10.0.0.0/8; deny all; }", "restricts access"),
        ("location / { limit_except GET { allow 10.0.0.0/8; deny all; } }", "restricts access"),
        ("location / { location ~ /private/ { deny all; } }", "restricts access"),
    ],
)
def test_what_would_be_missed_must_not_go(text: str, said: str) -> None:
    with pytest.raises(NginxError, match=said):
        insist(text)


def test_what_is_seen_to_may_go() -> None:
    insist("auth_basic x;", "  auth_basic   x;")
    insist("location / { deny all; }", "deny all;")
    insist(
        "location /api/ { deny all; }",
        'allow 10.0.0.1; location "/api/" { deny  all; # as before\n }',
    )
    insist("location / { location ~ /x { deny all; } }", "location ~ /x { expires 1d; deny all; }")
    insist("listen 203.0.113.5:443 ssl;", listening=("203.0.113.5",))


@pytest.mark.parametrize(
    "snippet",
    [
        "# deny all;",
        'add_header X-Note "deny all;";',
        "location /other/ { deny all; }",
        "location / { limit_except GET { deny all; } }",
        "deny all",
    ],
)
def test_what_is_said_of_something_else_is_not_seen_to(snippet: str) -> None:
    with pytest.raises(NginxError, match="restricts access"):
        insist("location / { deny all; }", snippet)


def test_what_holds_for_all_sites_must_not_go() -> None:
    with pytest.raises(NginxError, match="line 1, has 'gzip' beside its server blocks"):
        insist("", beside="gzip off;")
