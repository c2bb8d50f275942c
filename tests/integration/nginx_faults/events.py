# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of nginx_vhost that dies at some event.

Events are every change of a file below a folder and every program, just before; every connection;
every signal to another process, just before and just after; and every wait for what comes of it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from integration.audited import CONNECTION, PROGRAM, SIGNAL, Audited
from integration.killing import Child, Events


def child(number: int, folder: Path, work: Callable[[], object]) -> Child:
    """Start it.

    :param number: of the event, counted from 0
    :param folder: below which changes count
    :param work: what it does
    """

    def watch(events: Events) -> AbstractContextManager[None]:
        events.audit(Audited([str(folder)], (PROGRAM, CONNECTION, SIGNAL)))
        events.before(os, "fsync")
        events.before(time, "sleep")
        events.after(os, "kill")
        return nullcontext()

    return Child(number, folder / f"{number}.events", watch, work)


def dies_at(number: int, folder: Path, work: Callable[[], object]) -> str | None:
    """Run something in a child until it dies at the event with this number, or comes to its end.

    :returns: the event that it died at; None if it came to its end
    """
    return child(number, folder, work).wait().last
