# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for something to become true, within a bound."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from bed.errors import NotInTimeError

INTERVAL = 0.05


def until(probe: Callable[[], bool], *, what: str, timeout: float) -> None:
    """Return as soon as ``probe`` says yes; NotInTimeError naming ``what`` when the time is over."""
    end = time.monotonic() + timeout
    while not probe():
        if time.monotonic() > end:
            raise NotInTimeError(f"{what}: not within {timeout:.0f} seconds")
        time.sleep(INTERVAL)


def listens(address: tuple[str, int] | str) -> bool:
    """Whether something accepts connections at a TCP address or a unix socket."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(address)
        except OSError:
            return False
    return True
