# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long portals take in Modoboa: modoboa_vhost and modoboa_theme beside a loop over uri.

Both are a whole ansible-playbook with a running Modoboa on this machine: the extension, two workers of
gunicorn behind nginx, Modoboa's throttles as they come, and mail domains that are there already. Each
portal is linked to its domain and gets five colours and a logo of its own of 8 KB. The modules compare
before they write, and read back; the loop writes everything each time, also when nothing is to be done,
because uri compares nothing. Afterwards it is seen for each portal that Modoboa has it so. What the loop
takes for a few is measured at two numbers, and the difference continued, so that what it takes to begin
with counts once. Requests are counted in nginx's log. CPU is the playbook's with its children, not
Modoboa's; memory is that of its largest process.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from bed import Bed
from bed.layout import Database
from bench.measuring.usage import ProgramError
from bench.modoboa_loads import portals
from bench.modoboa_loads.modules import Modules
from bench.modoboa_loads.portals import Portal
from bench.modoboa_loads.uri_loop import UriLoop
from bench.modoboa_loads.writer import Effort, Writer

# On two cores, for a thousand
AIMS = {"linked and themed": "30 s", "nothing to do": "5 s and 30 requests"}
AIMED_NUMBER = 1000


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    :ivar few: how many portals the loop gets; the rest is extrapolated
    """

    hosts: int
    few: int
    database: Database
    alone: bool


def main() -> int:
    """Print one line for each figure; returns 1 if the modules failed."""
    options = _options()
    try:
        # By process, so that two runs in one checkout do not get in each other's way
        with Bed(f"bench-{os.getpid()}-modoboa", database=options.database) as bed:
            compare(bed, options)
    except ProgramError as error:
        say(f"the modules failed: {on_one_line(error)}")
        return 1
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--hosts", type=int, default=AIMED_NUMBER, help="for the modules (1000)")
    parser.add_argument("--few", type=int, default=50, help="for the loop (50)")
    parser.add_argument("--full", action="store_true", help="as many for the loop, too")
    parser.add_argument("--database", choices=get_args(Database), default="sqlite")
    parser.add_argument("--alone", action="store_true", help="the modules without the loop")
    found = parser.parse_args()
    few = found.hosts if found.full else min(found.few, found.hosts)
    return Options(found.hosts, few, found.database, found.alone)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def on_one_line(error: Exception) -> str:
    """Return an error's text without line breaks."""
    return " ".join(str(error).split())


def compare(bed: Bed, options: Options) -> None:
    """Say how the modules do, how the loop does, and how far they are apart.

    :raises ProgramError: the modules failed
    """
    number = options.hosts
    every = portals.make(bed, number + (0 if options.alone else options.few + 1))
    ours = Modules(bed)
    figures = measure(ours, every[:number], compares=True)
    for kind, effort in figures.items():
        aim = f" (aim: {AIMS[kind]})" if number == AIMED_NUMBER else ""
        say(f"{ours.title}: {number} hosts, {kind}: {effort}{aim}")
    if options.alone:
        return
    loop = UriLoop(bed)
    try:
        others = measure_loop(loop, every[number:], number)
    except ProgramError as error:
        say(f"{loop.title}: failed: {on_one_line(error)}")
        return
    note = f" (extrapolated from {options.few})" if options.few < number else ""
    for kind, effort in others.items():
        ratio = effort.usage.seconds / figures[kind].usage.seconds
        say(f"{loop.title}: {number} hosts, {kind}: {effort}{note}")
        say(f"{ours.title}, {kind}: {ratio:.0f} times as fast as {loop.title}{note}")


def measure(writer: Writer, wanted: Sequence[Portal], *, compares: bool) -> dict[str, Effort]:
    """Let a playbook make portals, and make them again.

    :param compares: whether it has to find that there is nothing to do
    :raises ProgramError: it failed, or not all of them are as they should be
    """
    made = writer.write(wanted)
    portals.insist_on(writer.bed, wanted)
    again = writer.write(wanted, changes=False if compares else None)
    return dict(zip(AIMS, (made, again), strict=True))


def measure_loop(loop: Writer, wanted: Sequence[Portal], number: int) -> dict[str, Effort]:
    """Measure a loop with the first of some portals, then the others; return what a number would take.

    :raises ProgramError: it failed
    """
    single, found = (measure(loop, part, compares=False) for part in (wanted[:1], wanted[1:]))
    few = len(wanted) - 1
    if few == 1:
        factor = float(number)
        return {
            kind: Effort(effort.usage.times(factor), effort.requests * factor)
            for kind, effort in found.items()
        }
    factor = (number - 1) / (few - 1)
    return {kind: single[kind].continued(found[kind], factor) for kind in found}


if __name__ == "__main__":
    sys.exit(main())
