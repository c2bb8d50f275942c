# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_page import page
from unit.plugins.plugin_utils.report_findings import (
    a_look,
    a_record,
    a_tenant,
    every_state,
    report_of,
)

LOGO = Path(__file__).parents[4] / "docs/example/logos/atlas.svg"
VOID = {"meta", "input", "img"}
EVIL = "</style><script>alert('1')</script>\"'&{{ 7*7 }}"


class Outline(HTMLParser):
    """Insists that elements are closed in order, and keeps their names and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def elements(text: str, name: str) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in Outline(text).elements if tag == name]


def test_the_page_is_sound_and_complete() -> None:
    report = every_state(str(LOGO))
    text = page(report, "Portals of <Süd>")
    assert len(elements(text, "article")) == report["counts"]["tenants"]
    assert "Portals of &lt;Süd&gt;" in text
    for part in ("webmail.atlas.example", "no route to host", "61 days left", "expired"):
        assert part in text


def test_nothing_comes_from_elsewhere() -> None:
    text = page(every_state(str(LOGO)))
    assert not elements(text, "script")
    assert not elements(text, "link")
    assert all((each["src"] or "").startswith("data:image/") for each in elements(text, "img"))
    assert len(elements(text, "img")) == 1
    assert "url(" not in text
    assert "@import" not in text
    policy = [each["content"] for each in elements(text, "meta") if "http-equiv" in each]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_whatever_is_inserted_is_escaped() -> None:
    name = "mail.atlas.example"
    theme = a_record(name)["theme"] | {"page_title": EVIL, "sender_address": EVIL}
    theme["colors"]["primary"] = "red;background:url(https://evil.example/)"
    record = a_record(
        name, status="failed", error=EVIL, domains=[EVIL], theme=theme, name=f"mail.{EVIL}"
    )
    look = a_look(a_tenant(name), a_tenant("mail.borea.example"), problems=[EVIL], host=EVIL)
    report: dict[str, Any] = report_of(look, records=[record, {**record, "name": name}])
    report["tenants"][0]["theme"]["colors"]["secondary"] = EVIL
    text = page(report, EVIL)
    assert not elements(text, "script")
    assert len(elements(text, "style")) == 1
    assert re.findall(r"alert\('1'\)", text) == []
    styles = [each["style"] or "" for _tag, each in Outline(text).elements if "style" in each]
    assert all(re.fullmatch(r"(width|left): \d+%|background: transparent", s) for s in styles)
    assert "{{ 7*7 }}" in text


def test_a_logo_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    large = tmp_path / "logo.png"
    large.write_bytes(b"\x89PNG\r\n" + bytes(48 * 1024))
    assert not elements(page(every_state(str(large))), "img")
    large.write_bytes(b"\x89PNG\r\n" + bytes(1024))
    (image,) = elements(page(every_state(str(large))), "img")
    assert (image["src"] or "").startswith("data:image/png;base64,")
    large.unlink()
    assert not elements(page(every_state(str(large))), "img")
