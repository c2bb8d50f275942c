# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command, and close its standard input when this process is told to end, or is killed.

``python keeper.py COMMAND ARGUMENT...``. The command has the time that it needs to clean up.
"""

from __future__ import annotations

import signal
import subprocess
import sys


def main() -> None:
    """Wait for whichever comes first: the end of the command, or SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # At the end of the block its standard input is closed, and it is waited for
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE) as command:
        command.wait()


if __name__ == "__main__":
    main()
