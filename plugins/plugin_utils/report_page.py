# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a page of HTML that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.moment import moment_of
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_portal import LEVELS
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_DIRECTORY = Path(__file__).parent / "report_templates"
# A page of five hundred portals is to open on a phone: of one logo, and of all together
_MOST = 48 * 1024
_MOST_TOGETHER = 6 * 1024 * 1024
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_BEGINNINGS = {
    b"\x89PNG\r\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"RIFF": "image/webp",
}


def page(report: Mapping[str, Any], title: str = "Portals") -> str:
    """The whole page. Whatever is inserted is escaped.

    :param report: from :func:`report.build_report`
    :param title: its heading
    """
    environment = Environment(
        loader=FileSystemLoader(_DIRECTORY),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["moment"] = _readable
    environment.filters["color"] = _color
    return environment.get_template("page.html.j2").render(
        report=report, title=title, levels=LEVELS, pictures=_pictures(report)
    )


def _readable(moment: str | None) -> str:
    return f"{moment_of(moment):%Y-%m-%d %H:%M} UTC" if moment else "-"


def _color(text: str | None) -> str:
    """A colour of a theme as a style may have it: escaping alone would let other rules through."""
    return text if text and _COLOR.fullmatch(text) else "transparent"


def _pictures(report: Mapping[str, Any]) -> dict[str, str]:
    """File of a logo → the same as an address that holds it; what is too large is left out."""
    found: dict[str, str] = {}
    room = _MOST_TOGETHER
    for path in (tenant["theme"]["logo"] for tenant in report["tenants"] if tenant["theme"]):
        if not path or path in found:
            continue
        address = _picture(Path(path))
        if address and len(address) <= room:
            found[path] = address
            room -= len(address)
    return found


def _picture(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST + 1)
    except OSError:
        return None
    if not content or len(content) > _MOST:
        return None
    kinds = (kind for beginning, kind in _BEGINNINGS.items() if content.startswith(beginning))
    kind = next(kinds, "image/svg+xml")
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
