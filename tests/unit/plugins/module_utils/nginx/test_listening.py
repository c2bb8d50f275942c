# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sockets a configuration claims for itself."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.listening import (
    Socket,
    claimed_sockets,
    without_comments,
    without_sockets,
)


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("listen 80 default_server;", [("*", 80, False)]),
        ("listen *:80 default_server;", [("*", 80, False)]),
        ("listen 0.0.0.0:80 default;", [("*", 80, False)]),
        ("listen\n  [::]:443\n  ssl http2 default_server ;", [("::", 443, False)]),
        ("listen [0:0::0]:443 ssl default_server;", [("::", 443, False)]),
        ("listen [2001:DB8::1] default_server;", [("2001:db8::1", 80, False)]),
        ("listen 192.0.2.1 default_server;", [("192.0.2.1", 80, False)]),
        ("listen Localhost:81 default_server;", [("localhost", 81, False)]),
        ('listen "80" default_server;', [("*", 80, False)]),
        ("listen 8000-8002 default_server;", [("*", port, False) for port in (8000, 8001, 8002)]),
        ("listen 443 quic reuseport;", [("*", 443, True)]),
        ("listen 443 quic default_server;", [("*", 443, True)]),
        ("listen 443 quic;", []),
        ("listen 443 ssl reuseport;", []),
        ("listen 80;", []),
        ("listen unix:/run/x.sock default_server;", []),
        ("# listen 80 default_server;", []),
        ("server{listen 80 default_server;}", [("*", 80, False)]),
        ("return 200 'do_not_listen 80 default_server';", []),
        ("listen 80 # default_server\n;", []),
    ],
)
def test_claims(directive: str, expected: list[tuple[str, int, bool]]) -> None:
    assert list(claimed_sockets(directive)) == [Socket(*entry) for entry in expected]


def test_a_number_sign_within_a_word_is_no_comment() -> None:
    assert without_comments("a b#c; # d\ne;") == "a b#c; \ne;"


def test_without_some_sockets() -> None:
    text = "listen 80 x;\n  listen [::0]:80;\n  listen 192.0.2.1:443 ssl;\n"
    assert without_sockets(text, ["*:80", "[::]:80"]) == "\n  \n  listen 192.0.2.1:443 ssl;\n"
