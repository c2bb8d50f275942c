# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files as nginx reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.configuration import (
    Directive,
    parse,
)

TEXT = r"""# a comment; {
server { listen 443 ssl; # managed by Certbot }
    server_name a.example "b c" '~^d{2}$';
    set $x "${y}z;{\"";
    location ~ \.php$ { fastcgi_pass unix:/a; }
    return 200 ${x}#no;
}
content_by_lua_block { if a then { "" } end }
map $a $b { default 0; }
"""


def names(directives: tuple[Directive, ...]) -> list[str]:
    return [directive.name for directive in directives]


def test_words_lines_and_blocks() -> None:
    server, _lua, mapping = parse(TEXT)
    assert server.block is not None
    listen, server_name, variable, location, answer = server.block
    assert (listen.words, listen.line) == (("listen", "443", "ssl"), 2)
    assert server_name.words == ("server_name", "a.example", "b c", "~^d{2}$")
    assert variable.words[2] == '${y}z;{\\"'
    assert (location.words, location.line) == (("location", "~", r"\.php$"), 5)
    assert location.text == r"location ~ \.php$ { fastcgi_pass unix:/a; }"
    assert answer.words == ("return", "200", "${x}#no")
    assert (mapping.name, mapping.line) == ("map", 9)
    assert [each.words for each in mapping.named("default")] == [("default", "0")]
    assert list(listen.named("default")) == []


def test_nothing_is_nothing() -> None:
    assert parse("") == parse("  # only this\n;") == ()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a", "line 1: the directive does not end"),
        ("\na }", "line 2: the directive does not end"),
        ("a {", "line 1: the { is not closed"),
        ("a { b { } ", "is not closed"),
        ("a; }", "a } too many"),
        ('a "b', "line 1: a quote is not closed"),
        ('a;\nb "c; d', "line 2: a quote is not closed"),
        ("a 'b;", "a quote is not closed"),
        ("a b\\", "line 1: the directive does not end"),
        ("x_by_lua_block { {", "not closed"),
    ],
)
def test_what_nginx_would_not_take(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        parse(text)


def test_a_quote_within_a_word_is_nothing_special() -> None:
    (directive,) = parse("""a b"c d'e;""")
    assert directive.words == ("a", 'b"c', "d'e")


def test_our_own_templates_are_read() -> None:
    # Anything of that size; what matters is that all of it is come to
    text = Path(__file__).read_text(encoding="utf-8")
    assert names(parse(f"a '{text.replace(chr(39), '').replace(chr(92), '')}'; b;")) == ["a", "b"]
