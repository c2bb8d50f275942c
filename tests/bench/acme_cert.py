# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long certificates take: acme_cert beside other clients, and when nothing is to be done.

Single-name P-256 certificates over HTTP-01, all clients on the same Pebble, which neither waits nor
refuses nonces. Each certificate is for a name of its own, so that no proof is used twice. Accounts
are made beforehand, where a client can do that. CPU is the client's own with its children; memory
is that of its largest process. acme_cert runs with its default options: it looks at names first.
What slow clients take for a few is multiplied, the start of the process included.

Now and then a Pebble of any version stops answering for good, when several requests come at once;
the more certificates it has issued, the likelier. Therefore each part has a Pebble of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bed import BedError
from bed.acme_bed import AcmeBed
from bed.acme_servers import SERVERS
from bench.acme_clients.acme_cert import Module, Playbook
from bench.acme_clients.caddy import Caddy
from bench.acme_clients.certbot import Certbot
from bench.acme_clients.client import Client
from bench.acme_clients.community_crypto import CommunityCrypto
from bench.acme_clients.dehydrated import Dehydrated
from bench.acme_clients.lego import Lego
from bench.acme_clients.listener import Listener
from bench.acme_clients.uacme import Uacme
from bench.measuring.stored import fill
from bench.measuring.usage import ProgramError, Usage

OURS: list[type[Module]] = [Module, Playbook]
OTHERS: list[type[Client]] = [Certbot, Lego, Dehydrated, Uacme, Caddy, CommunityCrypto]
# How many times as fast as these acme_cert is to be
AIMS: dict[type[Client], int] = {Certbot: 50, CommunityCrypto: 100}
RUNS = 3


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    :ivar few: how many certificates slow clients get; the rest is extrapolated
    :ivar many: how many acme_cert gets alone
    :ivar stored: how many there are when nothing is to be done, in ascending order
    """

    certificates: int
    few: int
    many: int
    stored: list[int]
    alone: bool
    server: str


@dataclass(frozen=True)
class Figure:
    """What a number of certificates have taken."""

    title: str
    number: int
    usage: Usage

    @property
    def seconds_each(self) -> float:
        """Seconds for one of them."""
        return self.usage.seconds / self.number


def main() -> int:
    """Print one line for each figure; returns 1 if acme_cert failed."""
    options = _options()
    ours, theirs = [], {}
    try:
        with start(options, "beside-others") as bed:
            say(f"CA: {bed.acme.name} {bed.acme.version}")
            ours += [issue_repeatedly(kind(bed), options.certificates) for kind in OURS]
            if not options.alone:
                theirs = compare(bed, options)
        for kind in OURS:
            with start(options, f"many-{kind.__name__.lower()}") as bed:
                ours.append(issue_many(kind(bed), options.many))
        compare_speeds(ours, theirs)
        with start(options, "nothing-to-do") as bed:
            leave_alone(bed, options.stored)
    except ProgramError as error:
        say(f"acme_cert failed: {on_one_line(error)}")
        return 1
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--certificates", type=int, default=50, help="beside others (50)")
    parser.add_argument("--few", type=int, default=10, help="for slow clients (10)")
    parser.add_argument("--full", action="store_true", help="as many for slow clients, too")
    parser.add_argument("--many", type=int, default=500, help="for acme_cert alone (500)")
    parser.add_argument(
        "--stored", type=int, nargs="*", default=[1000, 10000], help="to leave alone (1000 10000)"
    )
    parser.add_argument("--alone", action="store_true", help="acme_cert without the others")
    parser.add_argument("--server", choices=SERVERS, default="pebble-bookworm")
    found = parser.parse_args()
    few = found.certificates if found.full else min(found.few, found.certificates)
    return Options(
        found.certificates, few, found.many, sorted(found.stored), found.alone, found.server
    )


def start(options: Options, part: str) -> AcmeBed:
    """Return a bed to be started, with a new CA."""
    # By process, so that two runs in one checkout do not get in each other's way
    return AcmeBed(f"bench-{os.getpid()}-{part}", server=SERVERS[options.server])


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def on_one_line(error: Exception) -> str:
    """Return an error's text without line breaks."""
    return " ".join(str(error).split())


def names_for(client: Client, number: int, run: int = 0) -> list[str]:
    """Return names that are this client's own, in each run others."""
    stem = type(client).__name__.lower()
    return [f"{stem}-{run}-{each}.bench.example" for each in range(number)]


def issue(client: Client, names: list[str]) -> Usage:
    """Let a client get certificates; return what that has used.

    :raises ProgramError: it failed
    """
    client.resolve(names)
    usage = client.issue(names)
    client.check(names)
    return usage


def issue_repeatedly(client: Module, number: int) -> Figure:
    """Say how acme_cert does in several runs; return the one in the middle.

    :raises ProgramError: it failed
    """
    client.prepare()
    runs = [issue(client, names_for(client, number, run)) for run in range(RUNS)]
    runs.sort(key=lambda run: run.seconds)
    median = runs[RUNS // 2]
    say(
        f"{client.title}: {number} certificates in {median}"
        f" (median of {RUNS} runs, the best {runs[0].seconds:.2f} s)"
    )
    return Figure(client.title, number, median)


def compare(bed: AcmeBed, options: Options) -> dict[type[Client], Figure]:
    """Say how the other clients do; return what they were seen to take."""
    figures = {kind: issue_if_possible(kind(bed), options) for kind in OTHERS}
    return {kind: figure for kind, figure in figures.items() if figure}


def issue_if_possible(client: Client, options: Options) -> Figure | None:
    """Say how a client does, or why it does not."""
    wanted = options.certificates
    number = options.few if client.slow else wanted
    try:
        client.install()
        client.prepare()
        usage = issue(client, names_for(client, number))
    except BedError as error:
        say(f"{client.title}: left out, as it cannot be had: {on_one_line(error)}")
        return None
    except ProgramError as error:
        say(f"{client.title}: failed: {on_one_line(error)}")
        return None
    note = "" if number == wanted else f" (extrapolated from {number})"
    say(f"{client.title}: {wanted} certificates in {usage.times(wanted / number)}{note}")
    return Figure(client.title, number, usage)


def issue_many(client: Module, number: int) -> Figure:
    """Say how acme_cert does with many.

    :raises ProgramError: it failed
    """
    client.prepare()
    usage = issue(client, names_for(client, number))
    rate = number / usage.seconds
    say(f"{client.title}: {number} certificates in {usage}; {rate:.1f} a second")
    return Figure(client.title, number, usage)


def compare_speeds(ours: list[Figure], theirs: dict[type[Client], Figure]) -> None:
    """Say how many times as fast acme_cert is as those that there is an aim for."""
    pairs = [(kind, figure) for kind in AIMS if kind in theirs for figure in ours]
    for kind, figure in pairs:
        other = theirs[kind]
        ratio = other.seconds_each / figure.seconds_each
        same = figure.number == other.number
        note = "" if same else f", whose time is extrapolated from {other.number}"
        say(
            f"{figure.title}, {figure.number} certificates: {ratio:.0f} times as fast as"
            f" {other.title}{note} (aim: {AIMS[kind]})"
        )


def leave_alone(bed: AcmeBed, numbers: list[int]) -> None:
    """Say how acme_cert does when it has nothing to do.

    :raises ProgramError: it failed, or did something
    """
    if not numbers:
        return
    names = [f"n{each}.stored.example" for each in range(numbers[-1])]
    with Listener() as listener, TemporaryDirectory(dir=bed.directory) as storage:
        directory = f"https://{listener.address}/directory"
        fill(Path(storage), directory, names)
        for number in numbers:
            for kind in OURS:
                client = kind(bed, acme_directory=directory, storage=storage)
                usage = client.issue(names[:number])
                if client.changed():
                    raise ProgramError(f"{client.title} changed something")
                say(
                    f"{client.title}: nothing to do for {number} certificates in {usage};"
                    f" the CA was called {listener.connections} times"
                )


if __name__ == "__main__":
    sys.exit(main())
