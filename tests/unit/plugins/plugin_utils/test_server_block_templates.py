# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of an operator's own beside ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet import snippet
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.values import (
    ValueRefusedError,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block_templates import (
    TemplateRefusedError,
    Templates,
)

OURS = "redirect.conf.j2"


def render(directory: Path, text: str, name: str = "x.j2", **variables: object) -> str:
    (directory / name).write_text(text)
    return Templates(str(directory)).render(name, **variables)


def test_values_are_data(tmp_path: Path) -> None:
    assert render(tmp_path, "a {{ b }};\n", b="c") == "a c;\n"
    for value in ("c;", "c d", "{", "$x", "'"):
        with pytest.raises(ValueRefusedError, match="a value in the template"):
            render(tmp_path, "a {{ b }};\n", b=value)


def test_a_snippet_is_syntax(tmp_path: Path) -> None:
    assert render(tmp_path, "{{ b }}", b=snippet("b", "a b;\n")) == "a b;\n"
    # Whatever else is made of it is a value again
    with pytest.raises(ValueRefusedError):
        render(tmp_path, "{{ b | upper }}", b=snippet("b", "a b;\n"))


@pytest.mark.parametrize(
    "text",
    [
        "{% macro m(x) %}a {{ x }};{% endmacro %}{{ m(b) }}",
        "{% macro m() %}a {{ caller() }};{% endmacro %}{% call m() %}{{ b }}{% endcall %}",
        "{% set x %}a {{ b }};{% endset %}{{ x }}",
        '{% extends "base.j2" %}{% block x %}{{ super() }}{% endblock %}',
        '{% include "base.j2" %}',
    ],
)
def test_what_templates_put_together_is_syntax(tmp_path: Path, text: str) -> None:
    (tmp_path / "base.j2").write_text("{% block x %}a {{ b }};{% endblock %}")
    assert render(tmp_path, text, b="c") == "a c;"
    with pytest.raises(ValueRefusedError):
        render(tmp_path, text, b="c; d")


def test_what_an_expression_puts_together_is_a_value(tmp_path: Path) -> None:
    for text in ("{{ 'a ' ~ b }}", "{{ 'a %s' | format(b) }}", "{{ 'a ' + b }}", "{{ [b] }}"):
        with pytest.raises(ValueRefusedError):
            render(tmp_path, text, b="c")


def test_our_templates_stay_reachable(tmp_path: Path) -> None:
    ours = Templates(None)._environment.loader
    assert ours is not None
    original = ours.get_source(Templates(None)._environment, OURS)[0]
    assert "return {{ status" in original
    (tmp_path / OURS).write_text("# mine\n")
    assert Templates(str(tmp_path)).render(OURS) == "# mine\n"
    own = Templates(str(tmp_path))._environment
    assert own.loader is not None
    assert own.loader.get_source(own, f"mailhost.modoboa/{OURS}")[0] == original


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a\n{% if %}\n", 2, "Expected an expression"),
        ("a\n\n{{ nothing }}\n", 3, "'nothing' is undefined"),
        ("a\n{{ b.none }}\n", 2, "has no attribute 'none'"),
        ("a\n{{ 1 / 0 }}\n", 2, "division by zero"),
        ("a\n{{ b | no_filter }}\n", 2, "No filter named 'no_filter'"),
    ],
)
def test_a_broken_template(tmp_path: Path, text: str, line: int, reason: str) -> None:
    with pytest.raises(TemplateRefusedError) as caught:
        render(tmp_path, text, b="c")
    assert str(caught.value).startswith(f"template {tmp_path}/x.j2, line {line}: ")
    assert reason in str(caught.value)


def test_a_broken_template_that_another_one_includes(tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("\n{{ nothing }}\n")
    with pytest.raises(TemplateRefusedError, match=r"part\.j2, line 2: 'nothing' is undefined"):
        render(tmp_path, '{% include "part.j2" %}\n')


def test_no_such_template(tmp_path: Path) -> None:
    with pytest.raises(TemplateRefusedError, match=r"there is no template gone\.j2"):
        render(tmp_path, '{% include "gone.j2" %}\n')


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.j2").write_bytes(b"\xff")
    with pytest.raises(TemplateRefusedError, match=r"x\.j2"):
        Templates(str(tmp_path)).render("x.j2")
