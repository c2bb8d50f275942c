# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""modoboa_theme against a real Modoboa with the extension."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
import requests
from bed import Bed
from integration.modoboa_task import ModoboaTask
from integration.published_contract.server import PublishedContract

NAMES = ["mail.one.theme.test", "mail.two.theme.test"]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'


def png(grey: int) -> bytes:
    """The smallest picture there is: one pixel of a shade of grey."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = zlib.compress(bytes([0, grey]))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def theme(bed: Bed) -> ModoboaTask:
    """The module, and a Modoboa with two virtual hosts."""
    for name in NAMES:
        bed.modoboa.create_domain(name.partition(".")[2], virtualhost=name)
    return ModoboaTask(bed, "modoboa_theme", "themes")


def record(bed: Bed, name: str) -> dict[str, Any]:
    """The theme that the server has for a virtual host."""
    listed = bed.modoboa.request("GET", "virtualhosts/", params={"search": name}).json()
    (host,) = listed["results"]
    found: dict[str, Any] = bed.modoboa.request("GET", f"virtualhosts/{host['pk']}/theme/").json()
    return found


def test_life_of_a_theme(bed: Bed, theme: ModoboaTask, tmp_path: Path) -> None:
    logo = tmp_path / "brand.svg"
    logo.write_bytes(SVG)
    result = theme.settle(
        name=NAMES[0],
        colors={"primary": "#1565C0", "label": "#00ff00"},
        logos={"login": str(logo), "menu": str(logo)},
    )
    digest = hashlib.sha256(SVG).hexdigest()
    assert result["themes"][0]["colors"]["primary"] == "#1565c0"
    logos = result["themes"][0]["logos"]
    assert {kind: found for kind, found in logos.items() if found} == dict.fromkeys(
        ("login", "menu"), digest
    )

    address = bed.modoboa.url + record(bed, NAMES[0])["theme_login_logo_url"]
    shown = requests.get(address, verify=str(bed.modoboa.ca_path), timeout=30)
    assert shown.content == SVG

    # Another picture under the same path, one colour back to the instance's own, the rest stays
    logo.write_bytes(png(7))
    result = theme.settle(name=NAMES[0], colors={"label": ""}, logos={"login": str(logo)})
    after = result["themes"][0]
    assert after["colors"]["primary"] == "#1565c0"
    assert after["colors"]["label"] == ""
    assert after["logos"]["login"] == hashlib.sha256(png(7)).hexdigest()
    assert after["logos"]["menu"] == digest

    result = theme.settle(name=NAMES[0], logos={"login": "", "menu": ""})
    assert set(result["themes"][0]["logos"].values()) == {None}


def test_many_with_all_there_is_and_back(bed: Bed, theme: ModoboaTask, tmp_path: Path) -> None:
    icon = tmp_path / "icon.png"
    icon.write_bytes(png(1))
    items: list[dict[str, Any]] = [
        {
            "name": name,
            "colors": {"secondary": "#0a0b0c"},
            "logos": {"favicon": str(icon)},
            "page_title": f" Portal of {name}",
            "sender_address": f"noreply@{name}",
        }
        for name in NAMES
    ]
    items[0]["sender_address"] = "no address"
    result = theme.settle(themes=items[1:])
    assert record(bed, NAMES[1])["theme_page_title"] == f"Portal of {NAMES[1]}"
    assert record(bed, NAMES[1])["theme_favicon_logo_url"]
    assert result["themes"][0]["sender_address"] == f"noreply@{NAMES[1]}"

    items[1]["page_title"] = "Other"
    refused, changed = theme.run(themes=items)["themes"]
    assert "theme_sender_address: Enter a valid email address" in refused["error"]
    assert not refused["changed"]
    assert changed["page_title"] == "Other"

    result = theme.settle(themes=[{"name": name} for name in NAMES], reset=True)
    assert not any(record(bed, NAMES[1])["logo_digests"].values())
    assert result["themes"][1]["page_title"] == ""
    assert not any(result["themes"][1]["colors"].values())


def test_published_contract_alone(
    bed: Bed, theme: ModoboaTask, published_contract: PublishedContract, tmp_path: Path
) -> None:
    """One by one, logos downloaded to be compared, and no word of what it has not."""
    logo = tmp_path / "brand.svg"
    logo.write_bytes(SVG)
    task = ModoboaTask(bed, "modoboa_theme", "themes", published_contract)
    items = [
        {"name": name, "colors": {"primary": "#1565c0"}, "logos": {"menu": str(logo)}}
        for name in NAMES
    ]
    result = task.settle(themes=items)
    shown = result["themes"][0]
    assert shown["logos"]["menu"] == hashlib.sha256(SVG).hexdigest()
    assert "favicon" not in shown["logos"]
    assert shown["page_title"] is None
    assert record(bed, NAMES[0])["theme_primary_color"] == "#1565c0"

    beyond, untouched = task.run_each(
        {"name": NAMES[0], "page_title": "Atlas", "logos": {"favicon": str(logo)}},
        {"name": NAMES[0], "page_title": "", "logos": {"favicon": ""}},
    )
    assert beyond["failed"]
    assert "no page_title and no favicon, which the published API" in beyond["msg"]
    assert not untouched["failed"]
    assert not untouched["changed"]

    result = task.settle(themes=[{"name": name} for name in NAMES], reset=True)
    assert not any(record(bed, NAMES[1])["logo_digests"].values())
    assert result["changed"]


def test_list_with_failures(bed: Bed, theme: ModoboaTask, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    result = theme.run(
        themes=[
            {"name": NAMES[0], "logos": {"login": str(tmp_path / "missing.png")}},
            {"name": "mail.unknown.theme.test", "colors": {"primary": "#123456"}},
            {"name": NAMES[1], "colors": {"primary": "#654321"}},
        ]
    )
    missing, unknown, good = result["themes"]
    assert result["failed"]
    assert "2 of 3 themes failed" in result["msg"]
    assert "missing.png: No such file" in missing["error"]
    assert "no such virtual host" in unknown["error"]
    assert good["changed"]
    assert record(bed, NAMES[1])["theme_primary_color"] == "#654321"

    refused = theme.run(name=NAMES[1], logos={"menu": str(tmp_path / "text.png")})
    assert refused["failed"]
    assert "image: This is no image" in refused["msg"]
    assert not refused["changed"]


def test_check_mode_before_the_virtual_host_exists(theme: ModoboaTask) -> None:
    name = "mail.later.theme.test"
    wanted = {"name": name, "colors": {"primary": "#abcdef"}}
    assert theme.run(check=True, **wanted)["failed"]
    predicted = theme.run(check=True, created=[name], **wanted)
    assert predicted["changed"]
    assert predicted["diff"][0]["after"] == {"colors": {"primary": "#abcdef"}}
