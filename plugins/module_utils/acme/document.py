# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON from files that may be damaged, and from servers that may be anybody."""

from __future__ import annotations

import json
from typing import Any


def read_object(content: bytes | None) -> dict[str, Any] | None:
    """Read a JSON object, ``None`` if the text is something else or nothing."""
    try:
        document = json.loads(content or b"")
    except (ValueError, RecursionError):  # the latter for brackets without end
        return None
    return document if isinstance(document, dict) else None
