# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other settings for the bed's Modoboa, for a while: as an operator edits them, and reloads."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bed import Bed, state, wait
from bed.template import INSTANCE

Values = Mapping[str, Any]


@contextmanager
def settings(bed: Bed) -> Iterator[Callable[[Values], None]]:
    """Gives a function that adds values at the end of settings.py, instead of those before.

    gunicorn loads them in all workers, and at the end what was there at first.

    :param bed: a running bed
    """
    file = bed.modoboa.directory / INSTANCE / "settings.py"
    before = file.read_text()

    def put(values: Values) -> None:
        more = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        file.write_text(f"{before}\n{more}")
        reload(bed)

    try:
        yield put
    finally:
        file.write_text(before)
        reload(bed)


def reload(bed: Bed) -> None:
    """Have gunicorn replace all of its workers, and wait until it has."""
    master = master_of(bed)
    old = _workers(master)
    assert old
    os.kill(master, signal.SIGHUP)
    wait.until(
        lambda: old.isdisjoint(_workers(master)) and bed.modoboa.ready(),
        what="new workers of gunicorn answer",
        timeout=60,
    )


def master_of(bed: Bed) -> int:
    """The process of gunicorn that replaces its workers when it is sent SIGHUP."""
    found = state.load(bed.directory)
    assert found
    (master,) = (each.pid for each in found.processes if each.name == "modoboa")
    return master


def times(bed: Bed) -> dict[str, int]:
    """The processor time that each worker has used, in ticks."""
    used = {}
    for worker in _workers(master_of(bed)):
        fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        used[worker] = int(fields[11]) + int(fields[12])
    return used


def _workers(master: int) -> set[str]:
    return set(Path(f"/proc/{master}/task/{master}/children").read_text().split())
