# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long certificates take: acme_cert beside other clients, and when nothing is to be done.

Single-name P-256 certificates over HTTP-01, all clients on the same Pebble, which neither waits nor
refuses nonces. Each certificate is for a name of its own, so that no proof is used twice. Accounts
are made beforehand, where a client can do that. CPU is the client's own with its children; memory
is that of its largest process. acme_cert runs with its default options: it looks at names first.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from dataclasses import dataclass

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
from bench.acme_clients.stored import fill
from bench.acme_clients.uacme import Uacme
from bench.acme_clients.usage import ProgramError, Usage

OTHERS: list[type[Client]] = [Certbot, Lego, Dehydrated, Uacme, Caddy, CommunityCrypto]
# How many times as fast as these acme_cert is to be
AIMS: dict[type[Client], int] = {Certbot: 50, CommunityCrypto: 100}
RUNS = 3


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    :ivar few: how many certificates slow clients get; the rest is extrapolated
    """

    certificates: int
    few: int
    many: int
    stored: list[int]
    alone: bool
    server: str


class Names:
    """Names that no certificate has been issued for yet."""

    def __init__(self) -> None:
        self._used = 0

    def take(self, number: int) -> list[str]:
        """Return that many."""
        begin, self._used = self._used, self._used + number
        return [f"n{each}.bench.example" for each in range(begin, self._used)]


def main() -> int:
    """Print one line for each figure; returns 1 if acme_cert failed."""
    options = _options()
    # By process, so that two runs in one checkout do not get in each other's way
    with AcmeBed(f"bench-{os.getpid()}", server=SERVERS[options.server]) as bed:
        say(f"CA: {bed.acme.name} {bed.acme.version}")
        names = Names()
        ours: list[Module] = [Module(bed), Playbook(bed)]
        try:
            median = [issue_repeatedly(client, names, options.certificates) for client in ours][-1]
            if not options.alone:
                compare(bed, names, options, median)
            for client in ours:
                issue_many(client, names, options.many)
            leave_alone(bed, options.stored)
        except ProgramError as error:
            say(f"acme_cert failed: {error}")
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


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def issue(client: Client, names: list[str]) -> Usage:
    """Let a client get certificates; return what that has used.

    :raises ProgramError: it failed
    """
    client.resolve(names)
    usage = client.issue(names)
    client.check(names)
    return usage


def issue_repeatedly(client: Module, names: Names, number: int) -> Usage:
    """Say how acme_cert does in several runs; return the one in the middle.

    :raises ProgramError: it failed
    """
    client.prepare()
    runs = [issue(client, names.take(number)) for _ in range(RUNS)]
    median = statistics.median_low([run.seconds for run in runs])
    best = min(run.seconds for run in runs)
    usage = next(run for run in runs if run.seconds == median)
    say(
        f"{client.title}: {number} certificates in {usage}"
        f" (median of {RUNS} runs, the best {best:.2f} s)"
    )
    return usage


def compare(bed: AcmeBed, names: Names, options: Options, ours: Usage) -> None:
    """Say how the other clients do, and how much faster acme_cert is than some of them."""
    ratios = []
    for kind in OTHERS:
        theirs = issue_if_possible(kind(bed), names, options)
        if theirs is not None and kind in AIMS:
            ratio = theirs.seconds / ours.seconds
            ratios.append(
                f"{Playbook.title}: {ratio:.0f} times as fast as {kind.title} (aim: {AIMS[kind]})"
            )
    for line in ratios:
        say(line)


def issue_if_possible(client: Client, names: Names, options: Options) -> Usage | None:
    """Say how a client does, or why it does not."""
    number = options.few if client.slow else options.certificates
    try:
        client.install()
        client.prepare()
        usage = issue(client, names.take(number)).times(options.certificates / number)
    except BedError as error:
        say(f"{client.title}: left out, as it cannot be had: {error}")
        return None
    except ProgramError as error:
        say(f"{client.title}: failed: {error}")
        return None
    note = "" if number == options.certificates else f" (extrapolated from {number})"
    say(f"{client.title}: {options.certificates} certificates in {usage}{note}")
    return usage


def issue_many(client: Client, names: Names, number: int) -> None:
    """Say how acme_cert does with many.

    :raises ProgramError: it failed
    """
    usage = issue(client, names.take(number))
    rate = number / usage.seconds
    say(f"{client.title}: {number} certificates in {usage}; {rate:.1f} a second")


def leave_alone(bed: AcmeBed, numbers: list[int]) -> None:
    """Say how acme_cert does when it has nothing to do.

    :raises ProgramError: it failed, or did something
    """
    if not numbers:
        return
    names = [f"n{each}.stored.example" for each in range(numbers[-1])]
    with Listener() as listener:
        directory = f"https://{listener.address}/directory"
        storage = bed.directory / "stored"
        fill(storage, directory, names)
        for number in numbers:
            for kind in (Module, Playbook):
                client = kind(bed, acme_directory=directory, storage=str(storage))
                usage = client.issue(names[:number])
                if client.changed():
                    raise ProgramError(f"{client.title} changed something")
                say(
                    f"{client.title}: nothing to do for {number} certificates in {usage};"
                    f" the CA was called {listener.connections} times"
                )


if __name__ == "__main__":
    sys.exit(main())
