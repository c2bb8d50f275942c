# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would be missed of a server block by somebody else."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.configuration import parse
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.left_behind import left_behind


def missed(text: str, *snippets: str) -> list[str]:
    found = left_behind("/x", parse(f"server {{\n{text}\n}}"), snippets)
    return [entry["text"] for entry in found]


@pytest.mark.parametrize(
    "text",
    [
        "listen 443 ssl http2; server_name a.example; root /srv; index index.html;",
        "ssl_certificate /a; ssl_certificate_key /b; include /etc/letsencrypt/options-ssl-nginx.conf;",
        "if ($host = a.example) { return 301 https://$host$request_uri; }",
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
        "add_header X-Mine yes;",
        "location /radicale/ { proxy_pass http://127.0.0.1:5232/; }",
        "location / { auth_basic x; try_files $uri /index.html; }",
    ],
)
def test_what_ours_does_not_is_told(text: str) -> None:
    assert missed(text) == [text]
    assert missed(text, f"# as before\n  {text.replace(' ', '   ')}\n") == []


def test_lines_are_those_of_the_file_without_its_indentation() -> None:
    text = "server {\n  location /x {\n    return 200;\n  }\n}\nmap $a $b { default 0; }\n"
    assert left_behind("/x", parse(text), []) == [
        {"file": "/x", "line": 2, "text": "location /x {\n  return 200;\n}"},
        {"file": "/x", "line": 6, "text": "map $a $b { default 0; }"},
    ]
