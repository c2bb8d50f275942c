# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments as text: in results, in files, and as CAs send them."""

from __future__ import annotations

import re
from datetime import datetime, timezone

_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def timestamp(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, in whole seconds, the way all results write it."""
    return f"{moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def moment_of(text: object) -> datetime:
    """Read a moment in RFC 3339 form, in whole seconds.

    :raises ValueError: it is none
    """
    # Python 3.9 and 3.10 read neither Z nor any number of digits after the second
    match = _RFC_3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a moment in RFC 3339 form")
    offset = "+00:00" if match[3] in "Zz" else match[3]
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{offset}").astimezone(timezone.utc)
    except OverflowError as error:
        raise ValueError(f"{text!r} is before or after all time") from error
