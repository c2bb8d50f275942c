# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered server blocks on their way from the controller to the host.

The blocks of hundreds of hosts are alike, so that they take a fiftieth of their size packed.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

_LEVEL = 6


@dataclass(frozen=True)
class Rendering:
    """All that was rendered for a task."""

    hosts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Host → block → text"""
    catch_all: Mapping[str, str] = field(default_factory=dict)
    """Part of the catch-all → text"""


def pack(rendering: Rendering) -> str:
    """The value of the option C(rendered)."""
    text = json.dumps({"hosts": rendering.hosts, "catch_all": rendering.catch_all})
    return base64.b64encode(zlib.compress(text.encode("ascii"), _LEVEL)).decode("ascii")


def unpack(packed: str) -> Rendering:
    """What was packed.

    :raises ValueError: that is nothing that was packed
    """
    try:
        content = json.loads(zlib.decompress(base64.b64decode(packed, validate=True)))
        return Rendering(content["hosts"], content["catch_all"])
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"that is no packed rendering: {error}") from error
