# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long portals take from end to end: the playbooks provision and renew for hundreds of tenants.

Each number of tenants has a bed of its own: Modoboa with two workers of gunicorn, nginx, redis and Pebble
share this machine with the playbook. Mail domains are there already; each tenant gets a record, a server block,
a certificate, five colours and a logo of its own of 8 KB, with the default options of the role. Afterwards it is
seen for each tenant that Modoboa has it ready and that its certificate is served. Renewing all is made due by
another type of key. CPU is the playbook's with its children; memory is that of its largest process. The slope is
what one more tenant takes, between one number and the next.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bed import Bed
from bench.chain_loads.operator import Effort, Operator
from bench.measuring.usage import ProgramError
from bench.modoboa_loads import portals
from demo import visitor

# Seconds, on two cores, for 500
PROVISIONED = "provisioned from nothing"
UNCHANGED = "nothing to do"
AIMS = {PROVISIONED: 60, UNCHANGED: 12}
AIMED_NUMBER = 500
THREADS = 4


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    :ivar steps: how many of the slowest tasks are named
    """

    tenants: list[int]
    steps: int


def main() -> int:
    """Print one line for each figure; returns 1 if a playbook failed."""
    options = _options()
    figures: dict[int, dict[str, Effort]] = {}
    try:
        for number in options.tenants:
            figures[number] = measure(number, options.steps)
        compare(figures)
    except ProgramError as error:
        say(f"the chain failed: {' '.join(str(error).split())}")
        return 1
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--tenants", type=int, nargs="+", default=[10, 100, 500])
    parser.add_argument("--steps", type=int, default=0, help="name that many of the slowest tasks")
    # Nothing is extrapolated here; it is for the benchmarks that share the command line
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    found = parser.parse_args()
    return Options(sorted(found.tenants), found.steps)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def measure(number: int, steps: int) -> dict[str, Effort]:
    """Let playbooks provision tenants, find nothing to do, and renew all; say what each takes.

    :raises ProgramError: one failed, or not all tenants are as they should be
    """
    figures = {}
    # By process, so that two runs in one checkout do not get in each other's way
    with Bed(f"bench-{os.getpid()}-chain-{number}") as bed:
        tenants = portals.make(bed, number)
        bed.dns.add(*(tenant.name for tenant in tenants))
        operator = Operator(bed, tenants)
        runs = [
            (PROVISIONED, "provision", True, {}),
            (UNCHANGED, "provision", False, {}),
            ("renewal, nothing due", "renew", False, {}),
            ("all renewed", "renew", True, {"virtualhosts_key_type": "P-384"}),
        ]
        for kind, playbook, changes, variables in runs:
            effort = figures[kind] = operator.run(playbook, changes=changes, **variables)
            aim = f" (aim: {AIMS[kind]} s)" if number == AIMED_NUMBER and kind in AIMS else ""
            say(f"{number} tenants, {kind}: {effort}{aim}")
            for name, seconds in effort.slowest(steps):
                say(f"    {seconds:6.2f} s  {name}")
            insist_on(bed, tenants)
    return figures


def insist_on(bed: Bed, tenants: Sequence[portals.Portal]) -> None:
    """See that each tenant is ready in Modoboa with what it should have, and served.

    :raises ProgramError: not all are
    :raises OSError: one is not served
    """
    portals.insist_on(bed, tenants)
    query = {"page_size": 10000}
    listed = bed.modoboa.request("GET", "virtualhosts/", params=query).json()["results"]
    waiting = [host["name"] for host in listed if host["provisioning_status"] != "ready"]
    if waiting:
        raise ProgramError(f"{len(waiting)} of {len(tenants)} are not ready")
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda tenant: visitor.certificate(bed, tenant.name), tenants))


def compare(figures: dict[int, dict[str, Effort]]) -> None:
    """Say what one more tenant takes, and that the number of tasks is the same for all.

    :raises ProgramError: it is not
    """
    numbers = list(figures)
    for kind in figures[numbers[0]]:
        tasks = {len(figures[number][kind].steps) for number in numbers}
        if len(tasks) > 1:
            raise ProgramError(f"{kind}: the number of tasks depends on the tenants: {tasks}")
        for few, many in zip(numbers, numbers[1:], strict=False):
            first, then = (figures[number][kind].usage.seconds for number in (few, many))
            slope = 1000 * (then - first) / (many - few)
            say(f"{kind}: {slope:.0f} ms for one more tenant, from {few} to {many}")


if __name__ == "__main__":
    sys.exit(main())
