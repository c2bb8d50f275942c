# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives of an operator: read as nginx reads them."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet import snippet
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.values import (
    ValueRefusedError,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n\t\r\n",
        "# only a comment",
        "a b;",
        "a b; c d;",
        "location / {}",
        "location /x { return 204; } location /y { deny all; }",
        "a\nb\n;",
        # What means nothing within a word
        "a b}c;",
        "a b#c;",
        'a b"c;',
        "a b'c;",
        "a ${b}c;",
        "a $b;",
        "a b\\;c;",
        "a b\\{;",
        "a \\#b;",
        "a b\\ c;",
        # Quotes
        'a "b;c";',
        "a 'b}c';",
        'a "b\\"c{";',
        'a "it\'s";',
        'a "";',
        'a "b" c;',
        'if ($a ~ "b") {}',
        'a "b\nc";',
        'a "$";',
        'a "${b";',
        # Comments
        "a b; # } ' \" ; {\nc d;",
        "a # }\nb;",
        # Whom the block is for is not said here
        "a server_name listen;",
        "server_name_in_redirect on;",
        "# listen 1;",
        "# server_name b.example;",
    ],
)
def test_complete(text: str) -> None:
    found = snippet("snippet", text)
    assert found.rstrip("\n") == text.rstrip("\n")
    assert found == "" or found.endswith("\n")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("}", 1, "there is a } too many"),
        ("a b;\n} server {", 2, "there is a } too many"),
        ("location / {}}", 1, "there is a } too many"),
        ("location / {", 1, "the { is not closed"),
        ("a b;\nlocation / {\nlocation /x {\n}\n", 2, "the { is not closed"),
        ("a b", 1, "is a ; missing?"),
        ("a b # c;", 1, "is a ; missing?"),
        ("\na b\n}", 3, "unexpected }; is a ; missing before?"),
        ("\na\nb\n\n", 2, "is a ; missing?"),
        ('a "b;', 1, 'a " is not closed'),
        ("a;\nb 'c;\n\n", 2, "a ' is not closed"),
        ('a "b\\";', 1, 'a " is not closed'),
        ('a "b"c;', 1, "unexpected 'c' after a quoted value"),
        ('a "b"}', 1, "unexpected '}' after a quoted value"),
        (";", 1, "unexpected ;"),
        ("a b;;", 1, "unexpected ;"),
        ("{ }", 1, "unexpected {"),
        # A brace after a dollar sign begins no block, so this one ends the server's
        ("a ${ b; }", 1, "there is a } too many"),
        ("a b\\", 1, "is a ; missing?"),
        ("a b;\n\0", 2, "control character"),
        ("a\x0bb;", 1, "control character"),
        ("content_by_lua_block { -- }\n}", 1, "content_by_lua_block cannot be checked"),
        # Another portal's name would be this one's
        ("a b;\nserver_name b.example;", 2, "name further hostnames in the option names"),
        ("location / {}\n\n'server_name' b.example;", 3, "server_name cannot be in a snippet"),
        ('a "{";"listen" 80;', 1, "listen cannot be in a snippet"),
        ("listen\n80 default_server;", 1, "that is for listen_addresses"),
    ],
)
def test_incomplete(text: str, line: int, reason: str) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        snippet("a.example.com: snippet", text)
    assert str(caught.value).startswith(f"a.example.com: snippet, line {line}: ")
    assert reason in str(caught.value)


def test_a_comment_at_the_end_takes_nothing_with_it() -> None:
    assert snippet("snippet", "a b; # c") == "a b; # c\n"
