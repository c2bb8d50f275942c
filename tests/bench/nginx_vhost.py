# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long server blocks take: nginx_vhost beside a loop over templates, and nginx on its own.

Both are a whole ansible-playbook with a running nginx on this machine, and write the same block for
each name. Every name has a certificate with a key of its own, made beforehand as acme_cert stores it,
because nginx loads each of them. nginx_vhost tests, reloads and makes sure that each certificate is
served; the loop tests and reloads. Afterwards it is seen for each name that its certificate is served.
What the loop takes for a few is measured at two numbers, and the difference continued, so that what it
takes to begin with counts once. CPU is the playbook's with its children, nginx's own tests included;
memory is that of its largest process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bed import BedError
from bed.nginx_releases import NGINX_BOOKWORM, NGINX_TRIXIE, NginxRelease
from bench.measuring.stored import fill
from bench.measuring.usage import ProgramError, Usage
from bench.nginx_loads.capacity import measure_capacity, reload
from bench.nginx_loads.front_end import FrontEnd
from bench.nginx_loads.nginx_vhost import NginxVhost
from bench.nginx_loads.template_loop import TemplateLoop
from bench.nginx_loads.writer import OTHER_UPLOAD, Host, Writer

# Seconds, on two cores, for a thousand
AIMS = {"written and served from nothing": 10, "one changed": 4, "nothing to do": 3}
AIMED_NUMBER = 1000
RATIO = 30
RELEASES = (NGINX_BOOKWORM, NGINX_TRIXIE)


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    :ivar few: how many hosts the loop gets; the rest is extrapolated
    :ivar blocks: how many nginx gets on its own
    """

    hosts: int
    few: int
    blocks: list[int]
    alone: bool


def main() -> int:
    """Print one line for each figure; returns 1 if nginx_vhost failed."""
    options = _options()
    number = max([options.hosts, *options.blocks])
    names = [f"mail.n{each}.bench.example" for each in range(number)]
    try:
        # By process, so that two runs in one checkout do not get in each other's way
        with FrontEnd(f"bench-{os.getpid()}-nginx") as front_end:
            fill(front_end.storage, "https://ca.example/directory", names)
            compare(front_end, [Host(name) for name in names[: options.hosts]], options)
            for release in RELEASES:
                measure_release(front_end, release, names, options.blocks)
    except ProgramError as error:
        say(f"nginx_vhost failed: {on_one_line(error)}")
        return 1
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--hosts", type=int, default=1000, help="for nginx_vhost (1000)")
    parser.add_argument("--few", type=int, default=50, help="for the loop (50)")
    parser.add_argument("--full", action="store_true", help="as many for the loop, too")
    parser.add_argument(
        "--blocks", type=int, nargs="*", default=[1000, 10000], help="for nginx alone (1000 10000)"
    )
    parser.add_argument("--alone", action="store_true", help="nginx_vhost without the loop")
    found = parser.parse_args()
    few = found.hosts if found.full else min(found.few, found.hosts)
    return Options(found.hosts, few, found.blocks, found.alone)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def on_one_line(error: Exception) -> str:
    """Return an error's text without line breaks."""
    return " ".join(str(error).split())


def compare(front_end: FrontEnd, hosts: Sequence[Host], options: Options) -> None:
    """Say how nginx_vhost does, how the loop does, and how far they are apart.

    :raises ProgramError: nginx_vhost failed
    """
    say(f"nginx {version(front_end.nginx.binary)}, {len(hosts)} hosts")
    ours = NginxVhost(front_end)
    block = ours.block(hosts[0])
    figures = measure(ours, hosts)
    for kind, usage in figures.items():
        aim = f" (aim: {AIMS[kind]} s)" if len(hosts) == AIMED_NUMBER else ""
        say(f"{ours.title}: {len(hosts)} hosts, {kind}: {usage}{aim}")
    if options.alone:
        return
    loop = TemplateLoop(front_end, hosts[0], block)
    try:
        others = measure_loop(loop, hosts, options.few)
    except ProgramError as error:
        say(f"{loop.title}: failed: {on_one_line(error)}")
        return
    note = f" (extrapolated from {options.few})" if options.few < len(hosts) else ""
    for kind, usage in others.items():
        ratio = usage.seconds / figures[kind].seconds
        say(f"{loop.title}: {len(hosts)} hosts, {kind}: {usage}{note}")
        say(f"{ours.title}, {kind}: {ratio:.0f} times as fast as {loop.title} (aim: {RATIO})")


def measure(writer: Writer, hosts: Sequence[Host]) -> dict[str, Usage]:
    """Let a playbook write blocks, change one of them, and find nothing to do. They go afterwards.

    :raises ProgramError: it failed, or not all of them are served
    """
    front_end = writer.front_end
    changed = [*hosts[:-1], Host(hosts[-1].name, OTHER_UPLOAD)]
    try:
        usages = [writer.write(hosts), writer.write(changed), writer.write(changed, changes=False)]
        front_end.insist_on_serving(host.name for host in hosts)
    finally:
        front_end.clear()
        reload(front_end.nginx)
    return dict(zip(AIMS, usages, strict=True))


def measure_loop(loop: Writer, hosts: Sequence[Host], few: int) -> dict[str, Usage]:
    """Measure a loop with a few hosts; return what it would take for all of them.

    :raises ProgramError: it failed
    """
    found = measure(loop, hosts[:few])
    if few in (1, len(hosts)):
        return {kind: usage.times(len(hosts) / few) for kind, usage in found.items()}
    single = measure(loop, hosts[:1])
    factor = (len(hosts) - 1) / (few - 1)
    return {kind: single[kind].continued(found[kind], factor) for kind in found}


def measure_release(
    front_end: FrontEnd, release: NginxRelease, names: Sequence[str], numbers: Sequence[int]
) -> None:
    """Say what one nginx itself takes for numbers of blocks.

    :raises ProgramError: it does not take them
    """
    if not numbers:
        return
    try:
        front_end.change(release.install(front_end.layout.prefix))
    except BedError as error:
        say(f"nginx of {release.name}: left out, as it cannot be had: {on_one_line(error)}")
        return
    title = f"nginx {version(front_end.nginx.binary)}"
    host = Host(names[0])
    block = NginxVhost(front_end).block(host)
    for number in numbers:
        found = measure_capacity(front_end, names[:number], host, block)
        say(
            f"{title}: {number} blocks: nginx -t in {found.test}; reload in {found.reload:.2f} s;"
            f" {found.memory:.0f} MiB for master and two workers, {found.lingering:.0f} MiB while"
            " one of before the reload is still there"
        )


def version(program: Path) -> str:
    """Return what an nginx says it is."""
    done = subprocess.run([program, "-v"], capture_output=True, text=True, check=True)
    return done.stderr.strip().rpartition("/")[2]


if __name__ == "__main__":
    sys.exit(main())
