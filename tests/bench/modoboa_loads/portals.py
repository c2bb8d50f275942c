# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Portals by the thousand: each with a mail domain, five colours and a logo that no other has."""

from __future__ import annotations

import hashlib
import random
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bed import Bed
from bench.extension_loads.tenants import MAKE_DOMAINS, hostname
from bench.measuring.usage import ProgramError

# What few web servers refuse, and few logos exceed
WIDTH, HEIGHT = 200, 40


@dataclass(frozen=True)
class Portal:
    """:ivar logo: a file with a picture of some 8 KB"""

    name: str
    domain: str
    colors: dict[str, str]
    logo: Path


def make(bed: Bed, number: int) -> list[Portal]:
    """Make mail domains and logos; the portals are for others to make."""
    bed.modoboa.manage("shell", "-c", MAKE_DOMAINS.format(first=0, last=number))
    folder = bed.directory / "logos"
    folder.mkdir()
    return [_portal(folder, each) for each in range(number)]


def insist_on(bed: Bed, portals: Sequence[Portal]) -> None:
    """See that the server has each of them with its domain, its colours and its logo.

    :raises ProgramError: it has not; the text says for how many
    """
    query = {"theme": "true", "page_size": 10000}
    listed = bed.modoboa.request("GET", "virtualhosts/", params=query).json()["results"]
    found = {each["name"]: each for each in listed}
    missing = [portal for portal in portals if not _is(portal, found.get(portal.name))]
    if missing:
        raise ProgramError(f"{len(missing)} of {len(portals)} are not as they should be")


def _portal(folder: Path, number: int) -> Portal:
    name = hostname(number)
    logo = folder / f"{number}.png"
    logo.write_bytes(_picture(number))
    colors = {
        "primary": f"#{number:06x}",
        "primary_light": "#5e92f3",
        "primary_dark": "#003c8f",
        "secondary": "#ff8f00",
        "label": "#212121",
    }
    return Portal(name, name.partition(".")[2], colors, logo)


def _is(portal: Portal, found: dict[str, Any] | None) -> bool:
    if found is None:
        return False
    digest = hashlib.sha256(portal.logo.read_bytes()).hexdigest()
    theme = found["theme"]
    return (
        [domain["name"] for domain in found["domains"]] == [portal.domain]
        and theme["theme_primary_color"] == portal.colors["primary"]
        and theme["theme_label_color"] == portal.colors["label"]
        and theme["logo_digests"]["login"] == digest
    )


def _picture(seed: int) -> bytes:
    """A PNG of grey noise, which does not get smaller."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    noise = random.Random(seed)
    rows = b"".join(b"\0" + noise.randbytes(WIDTH) for _row in range(HEIGHT))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
