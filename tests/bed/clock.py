# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another time of day for a program.

Debian 12's libfaketime does not do: with it, Python's ``time.sleep`` fails.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bed.command import run
from bed.prefix import Prefix, find
from bed.setup import locked
from bed.stamp import Stamp

SOURCE = Path(__file__).with_suffix(".c")


class Clock:
    """A clock that differs from the machine's, and may jump while a program runs by it.

    For programs that ask the C library for the time, such as Python, but not Pebble. Waiting takes
    as long as ever. The kernel still notes the machine's time with a file.
    """

    def __init__(self, folder: Path) -> None:
        """Keep the difference in a file in ``folder``; at first there is none."""
        self._library = _library(find())
        self._file = folder / "clock"
        self.set(timedelta())

    def set(self, difference: timedelta) -> None:
        """Let it be so far ahead of the machine's clock, in whole seconds, or behind.

        Programs that are running see the jump at once.
        """
        new = self._file.with_suffix(".new")
        new.write_text(f"{difference.total_seconds():.0f}\n")
        new.replace(self._file)

    def environment(self) -> dict[str, str]:
        """The variables of the environment that make a program live by it."""
        return {"LD_PRELOAD": str(self._library), "BED_CLOCK": str(self._file)}


def _library(prefix: Prefix) -> Path:
    """Build the library if it is not there."""
    library = prefix.path / "lib" / "bed-clock.so"
    with locked(prefix, "setup"):
        stamp = Stamp(prefix.stamps, "clock", [SOURCE])
        if not (stamp.fresh() and library.exists()):
            library.parent.mkdir(exist_ok=True)
            run(
                ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-o", library, SOURCE],
                purpose="building a clock",
            )
            stamp.write()
    return library
