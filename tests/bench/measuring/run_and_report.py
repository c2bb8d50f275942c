# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command, and write to a file what it and its children have used: seconds, CPU seconds, KiB.

    python -I -S run_and_report.py REPORT COMMAND...

A process of its own, and one that imports next to nothing: the kernel counts the memory of whoever
starts a program as that program's, up to its first own step. SIGTERM is passed on.
"""

from __future__ import annotations

import os
import signal
import sys
import time


def main() -> int:
    """Return the command's exit code."""
    report, *command = sys.argv[1:]
    begin = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(child, number))
    _pid, status, used = os.wait4(child, 0)
    seconds = time.monotonic() - begin
    with open(report, "w") as file:  # noqa: PTH123 # pathlib would be half of the memory
        file.write(f"{seconds} {used.ru_utime + used.ru_stime} {used.ru_maxrss}\n")
    return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    sys.exit(main())
