# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first line of a server block, by which this collection knows its own files."""

from __future__ import annotations

import re

CATCH_ALL = "00-mailhost-modoboa-catch-all"
"""What the file of the catch-all is named after. It is no hostname, and comes before all of them."""

_BEGINNING = "# Written by mailhost.modoboa.nginx_vhost: "
_MARK = re.compile(re.escape(_BEGINNING).encode() + rb"([a-z0-9.-]+), (bootstrap|present)\.")


def first_line(name: str, state: str) -> str:
    """The line with which a file of ours begins.

    :param name: the host, or C(CATCH_ALL)
    :param state: which block it is
    """
    return f"{_BEGINNING}{name}, {state}. Changes made here are overwritten.\n"


def state_of(name: str, content: bytes) -> str | None:
    """Which block a file contains: C(bootstrap), C(present), or None if it is not ours.

    A file that was written for another host and copied is not ours either.

    :param name: the host that the file is named after
    :param content: the file's content
    """
    mark = _MARK.match(content)
    if mark is None or mark.group(1).decode() != name:
        return None
    return mark.group(2).decode()


def is_ours(text: str) -> bool:
    """Whether a file is by this collection, whichever host it was written for."""
    return text.startswith(_BEGINNING)
