# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn what ``ansible-test sanity`` printed into one verdict for each of its tests.

``python -m checks.sanity_verdicts STATUS < OUTPUT``, with the exit status of ansible-test.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

RUNNING = re.compile(r'^Running sanity test "([^"]+)"(?: on Python ([0-9.]+))?$')
FAILED_ONES = re.compile(r"^(?:ERROR|FATAL): The \d+ sanity test\(s\) listed below")
FAILED = re.compile(r"^([a-z0-9-]+)(?: --python ([0-9.]+))?$")


def verdicts(output: list[str], status: int) -> Iterator[tuple[str, str]]:
    """Yield the name of every test that ran, with ``passed`` or ``failed``.

    A run that ended badly without saying which test failed counts against the one it was at.

    :param output: the lines that ansible-test printed
    :param status: its exit status
    """
    ran = [match.groups("") for line in output if (match := RUNNING.match(line))]
    failed = set()
    for start in (number for number, line in enumerate(output) if FAILED_ONES.match(line)):
        failed |= {match.groups("") for line in output[start:] if (match := FAILED.match(line))}
    if status and not failed:
        failed = set(ran[-1:] or [("start", "")])
    for test in dict.fromkeys([*ran, *sorted(failed)]):
        name = "-".join(part for part in test if part)
        yield name, "failed" if test in failed else "passed"


def main() -> None:
    """Print one line ``NAME passed|failed`` for each test."""
    for name, verdict in verdicts(sys.stdin.read().splitlines(), int(sys.argv[1])):
        print(name, verdict)


if __name__ == "__main__":
    main()
