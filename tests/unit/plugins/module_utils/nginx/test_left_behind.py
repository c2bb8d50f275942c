# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would be missed of a server block by somebody else."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.configuration import parse
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.left_behind import (
    Replacement,
    left_behind,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet_directives import (
    SnippetDirectives,
)

NOTHING = SnippetDirectives()


def missed(text: str, *snippets: str) -> list[str]:
    found = left_behind("/x", parse(f"server {{\n{text}\n}}"), SnippetDirectives(snippets))
    return [entry["text"] for entry in found]


@pytest.mark.parametrize(
    "text",
    [
        "listen 443 ssl http2; server_name a.example; root /srv; index index.html;",
        "ssl_certificate /a; ssl_certificate_key /b; include /etc/letsencrypt/options-ssl-nginx.conf;",
        "if ($host = a.example) { return 301 https://$host$request_uri; }",
        "if ($host = a.example) { return https://$host$request_uri; } return 404;",
        "if ($host != a.example) { return 444; }",
        "if ($host !~ ^(a|b)\\.example$ ) { return 403; }",
        "return 301 https://$host$request_uri;",
        "return 301 https://${host}$uri;",
        "return https://$server_name;",
        "return 302 $scheme://$http_host/webmail/;",
        "server_name a.example; return 301 https://A.example:8443$request_uri;",
        "server_name www.a.example a.example; return 301 https://a.example/$1;",
        "location = / { return 302 /login; }",
        "location / { return 308 https://$host$request_uri; }",
        "add_header Strict-Transport-Security max-age=63072000 always;",
        "location ^~ /.well-known/acme-challenge/ { root /var/www; default_type text/plain; }",
        "location / { try_files $uri $uri/ /index.html; }",
        "location ~ ^/(api|accounts) { include uwsgi_params; uwsgi_pass unix:/run/x; }",
        "location /sitestatic/ { autoindex off; alias /srv/static/; }",
        "location ^~ /media/ { alias /srv/media/; }",
    ],
)
def test_what_ours_does_too_is_not_missed(text: str) -> None:
    assert missed(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "listen 443 ssl default_server;",
        "client_max_body_size 100m;",
        "access_log /var/log/nginx/a.log;",
        "include snippets/mine.conf;",
        "if ($bad) { return 403; }",
        "if ($host = a.example) { set $x 1; }",
        "if ($host = a.example) { return 403; }",
        "if ($host = a.example) { return 302 https://maintenance.example/; }",
        "return 403;",
        "return 302 https://maintenance.example/;",
        "return https://maintenance.example/;",
        "return 302 https://maintenance.$host/;",
        "return 302 https://$host.maintenance.example/;",
        "return 302 https://$hosts/;",
        "return 302 $maintenance;",
        "return 503 https://$host/;",
        "location / { return 302 https://maintenance.example/; }",
        "return 404;",
        "return 444;",
        "return 200 closed;",
        "location / { return 403; }",
        "add_header X-Mine yes;",
        "location /radicale/ { proxy_pass http://127.0.0.1:5232/; }",
        "location / { auth_basic x; try_files $uri /index.html; }",
    ],
)
def test_what_ours_does_not_is_told(text: str) -> None:
    assert missed(text) == [text]
    assert missed(text, f"# as before\n  {text.replace(' ', '   ')}\n") == []


@pytest.mark.parametrize(
    "condition",
    [
        "if ($host != a.example) { return 444; }",
        "if ($host != a.example) { return 301 https://a.example$request_uri; }",
        "if ($host !~ a ) { return 403; }",
    ],
)
def test_where_others_are_turned_away_the_rest_is_for_the_portal(condition: str) -> None:
    assert missed(f"server_name a.example; {condition} return 404;") == ["return 404;"]


def test_a_portal_may_lead_from_one_of_its_names_to_another() -> None:
    text = "server {{ server_name www.a.example; return 301 https://{0}/; }}"
    text += "server {{ server_name a.example; }}"
    assert left_behind("/x", parse(text.format("a.example")), NOTHING) == []
    (found,) = left_behind("/x", parse(text.format("b.example")), NOTHING)
    assert found["text"] == "return 301 https://b.example/;"


def test_what_is_said_of_something_else_is_missed() -> None:
    text = "client_max_body_size 100m;"
    assert missed(text, f"# {text}") == [text]
    assert missed(text, f"location /x {{ {text} }}") == [text]
    text = "content_by_lua_block { ngx.say(1) }"
    assert missed(text, text.replace("1", "2")) == [text]


OURS = Replacement("127.0.0.1:8000", ("/srv/frontend", "/srv/static", ""), (80, 443))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("listen [::]:443 ssl;", True),
        ("listen 8443 ssl;", False),
        ("listen unix:/run/x;", False),
        ("root /srv/frontend/;", True),
        ("root /srv/other;", False),
        ("location / { proxy_pass http://localhost:8000/; }", True),
        ("location /api/ { proxy_pass http://10.0.0.1:8000; }", False),
        ("location /api/ { proxy_pass http://modoboa; }", True),
        ("location /api/ { proxy_pass http://unknown; }", False),
        ("location /api/ { uwsgi_pass unix:///run/x; }", False),
        ("location /static/ { root /srv; }", True),
        ("location /static/ { alias /var/static/; }", False),
    ],
)
def test_what_leads_elsewhere_is_told(text: str, same: bool) -> None:
    tree = parse(f"upstream modoboa {{ server 127.0.0.1:8000; }} server {{\n{text}\n}}")
    found = [entry["text"] for entry in left_behind("/x", tree[1:], NOTHING, OURS)]
    if "modoboa" in text:
        found = [entry["text"] for entry in left_behind("/x", tree, NOTHING, OURS)][1:]
    assert found == ([] if same else [text])


def test_sockets_have_several_spellings() -> None:
    ours = Replacement("unix:/run/x", (), (80,))
    for word in ("unix:/run/x", "unix:///run/x", "http://unix:/run/x:/", "http://unix:/run/x"):
        assert ours.has_target(word, {}), word
    assert not ours.has_target("http://unix:/run/xy", {})


def test_lines_are_those_of_the_file_without_its_indentation() -> None:
    text = "server {\n  location /x {\n    return 200;\n  }\n}\nmap $a $b { default 0; }\n"
    assert left_behind("/x", parse(text), NOTHING) == [
        {"file": "/x", "line": 2, "text": "location /x {\n  return 200;\n}"},
        {"file": "/x", "line": 6, "text": "map $a $b { default 0; }"},
    ]
