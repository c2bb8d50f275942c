# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the extension costs a Modoboa: requests a second and memory beside one without it, and bulk changes.

Both run in this run on this machine, with one worker of gunicorn and sqlite each, Modoboa's throttles
off, and nothing before them. They are asked in turn for some seconds, after as many seconds that do not
count; each figure is the median of the rounds. The one with the extension is asked on the primary
hostname while it has no virtual host, then on that of a tenant with a theme, then on all tenants' in
turn. The one without is asked on the primary hostname. CPU is the worker's for one request: it says more
than requests a second do on a machine that does other things besides.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bed.nginx import PRIMARY_HOSTNAME
from bench.extension_loads import tenants
from bench.extension_loads.application import Application
from bench.extension_loads.wrk import Rate, Wrk
from bench.measuring.usage import ProgramError

PAGES = {"login page": "/accounts/login/", "theme": "/api/v2/theme/"}
# Of the requests a second without it; MiB a worker; seconds for a thousand
RATIO = 0.95
MEMORY = 5
BULK = 10
AIMED_NUMBER = 1000


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    sizes: list[int]
    bulk: int
    rounds: int
    seconds: float


def main() -> int:
    """Print one line for each figure; returns 1 if the extension failed."""
    options = _options()
    name = f"bench-{os.getpid()}"
    try:
        measure_bulk(name, options.bulk)
        with (
            Application(f"{name}-without", extension=False) as without,
            Application(f"{name}-with", extension=True) as extended,
        ):
            Comparison(without, extended, options).run()
    except ProgramError as error:
        say(f"the extension failed: {' '.join(str(error).split())}")
        return 1
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[0, 100, 10000], help="virtual hosts (0 100 10000)"
    )
    parser.add_argument("--bulk", type=int, default=AIMED_NUMBER, help="made at once (1000)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts (5)")
    parser.add_argument("--seconds", type=float, default=3, help="of each round (3)")
    parser.add_argument("--full", action="store_true", help="nothing here is extrapolated anyway")
    found = parser.parse_args()
    return Options(sorted(found.sizes), found.bulk, found.rounds, found.seconds)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def measure_bulk(name: str, number: int) -> None:
    """Say how long it takes to make many virtual hosts with links and themes, and to find them there.

    :raises ProgramError: it failed
    """
    with Application(f"{name}-bulk", extension=True) as application:
        tenants.make_domains(application, 0, number)
        for path in PAGES.values():
            application.ask("GET", path)
        before = application.memory()
        seconds = tenants.make_hosts(application, 0, number)
        aim = f" (aim: {BULK} s)" if number == AIMED_NUMBER else ""
        say(f"bulk: {number} hosts made, linked and themed in {seconds:.2f} s{aim}")
        again = tenants.make_again(application, number)
        say(f"bulk: {number} hosts, nothing to do, in {again:.2f} s")
        more = application.memory() - before
        say(f"bulk: a worker that has made {number} hosts has {more:.1f} MiB more than before")


class Comparison:
    """Two applications side by side."""

    def __init__(self, without: Application, extended: Application, options: Options) -> None:
        self._without, self._extended = without, extended
        self._options = options
        self._base, self._wrk = Wrk(without), Wrk(extended)
        self._made = 0

    def run(self) -> None:
        """Say how they compare at every size.

        :raises ProgramError: a request failed
        """
        for size in self._options.sizes:
            self._grow(size)
            cases = [("primary hostname", [PRIMARY_HOSTNAME])]
            if size:
                names = [tenants.hostname(number) for number in range(size)]
                self._insist_on_theme(names[-1])
                cases = [("one tenant", names[-1:]), ("all tenants in turn", names)]
            for title, path in PAGES.items():
                for case, names in cases:
                    self._compare(f"{title}, {size} hosts, {case}", path, names)
            self._compare_memory(size)

    def _grow(self, size: int) -> None:
        tenants.make_domains(self._extended, self._made, size)
        tenants.make_hosts(self._extended, self._made, size)
        self._made = max(size, self._made)
        # Making them leaves its traces in the memory of whoever did it
        for application in (self._without, self._extended):
            application.renew()

    def _insist_on_theme(self, hostname: str) -> None:
        for path in PAGES.values():
            if tenants.COLOR not in self._extended.ask("GET", path, hostname).text:
                raise ProgramError(f"{path} on {hostname} has not its theme")

    def _compare(self, title: str, path: str, hostnames: Sequence[str]) -> None:
        before: list[Rate] = []
        after: list[Rate] = []
        for each in range(self._options.rounds + 1):
            seconds = self._options.seconds
            # Whatever else the machine does should hit both alike
            if each % 2:
                after.append(self._wrk.measure(path, hostnames, seconds))
            before.append(self._base.measure(path, [PRIMARY_HOSTNAME], seconds))
            if not each % 2:
                after.append(self._wrk.measure(path, hostnames, seconds))
        # The first round warms both up
        rates = [median(rate.requests for rate in found[1:]) for found in (after, before)]
        ratio = median(a.requests / b.requests for a, b in zip(after[1:], before[1:], strict=True))
        cpu = [median(rate.cpu for rate in found[1:]) for found in (after, before)]
        say(
            f"{title}: {ratio:.2f} times as fast as without the extension (aim: {RATIO});"
            f" {rates[0]:.0f}/s beside {rates[1]:.0f}/s; CPU {cpu[0]:.2f} ms beside {cpu[1]:.2f} ms"
        )

    def _compare_memory(self, size: int) -> None:
        after, before = self._extended.memory(), self._without.memory()
        say(
            f"memory of a worker, {size} hosts: {after - before:+.1f} MiB (aim: at most {MEMORY});"
            f" {after:.1f} MiB beside {before:.1f} MiB"
        )


if __name__ == "__main__":
    sys.exit(main())
