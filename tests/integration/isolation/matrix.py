# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix: everybody goes to every host by every way, and the answers are compared."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email import message_from_bytes, policy

from integration.isolation.client import Portals
from integration.isolation.guarded_bed import GuardedBed
from integration.isolation.roles import DOMAINS, HOSTS, PRIMARY, ROLES, Role, at_home
from integration.isolation.visit import UnexpectedAnswerError, Visit
from integration.isolation.ways import WAYS, Way

AT_ONCE = 4


@dataclass(frozen=True, order=True)
class Deviation:
    """Somebody was let in who must not be, or kept out who is at home."""

    way: str
    username: str
    host: str
    got: str

    def __str__(self) -> str:
        return f"{self.way}: {self.username} on {self.host}: {self.got}"


@dataclass(frozen=True)
class Outcome:
    """What became of a run."""

    visits: int
    deviations: list[Deviation]

    @property
    def ways(self) -> set[str]:
        """By which ways something went wrong."""
        return {deviation.way for deviation in self.deviations}

    def __str__(self) -> str:
        lines = [f"{len(self.deviations)} of {self.visits}", *map(str, sorted(self.deviations))]
        return "\n  ".join(lines)


def run(bed: GuardedBed, roles: Sequence[Role] = ROLES) -> Outcome:
    """Let everybody try everything."""
    portals = Portals(bed)
    authorities = {host: portals.authority(host) for host in HOSTS}
    usernames = [role.username for role in roles]
    made = bed.modoboa.inside("credentials", usernames, list(authorities.values()))
    outcomes = [
        _passwords_forgotten(bed, portals, roles),
        _new_accounts(bed, portals),
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for way in WAYS:
            visits = [
                Visit(portals, role, host, made[role.username][authorities[host]])
                for role in roles
                for host in HOSTS
            ]
            found = pool.map(lambda visit, way=way: _compare(way, visit), visits)
            outcomes.append(Outcome(len(visits), [entry for entry in found if entry]))
    return Outcome(
        sum(outcome.visits for outcome in outcomes),
        [deviation for outcome in outcomes for deviation in outcome.deviations],
    )


def _compare(way: Way, visit: Visit) -> Deviation | None:
    role, host = visit.role, visit.host
    try:
        got = way.go(visit)
    except UnexpectedAnswerError as error:
        return Deviation(way.name, role.username, host, f"unexpected: {error}")
    if got == way.expected(role, host):
        return None
    return Deviation(way.name, role.username, host, "let in" if got else "kept out")


def _passwords_forgotten(bed: GuardedBed, portals: Portals, roles: Sequence[Role]) -> Outcome:
    """Everybody asks for a link on every host: who gets one, and where does it lead?"""
    deviations = []
    for role in roles:
        email = role.username if "@" in role.username else f"{role.username}@elsewhere.test"
        for host in HOSTS:
            answer = portals.post(host, "/accounts/password_reset/", {"email": email})
            assert answer.location == "/accounts/password_reset/done/", answer
            links = _mails(bed, role.address)
            # A link that is good for more than one portal leads to none of them
            elsewhere = set(role.homes) - {PRIMARY, host}
            name = PRIMARY if host == PRIMARY or elsewhere else portals.authority(host)
            right = [f"https://{name}/reset/"] if at_home(role, host) else []
            if [link.partition("/reset/")[0] + "/reset/" for link in links] != right:
                got = " ".join(links) or "no mail"
                deviations.append(Deviation("password_reset", role.username, host, got))
    return Outcome(len(roles) * len(HOSTS), deviations)


def _mails(bed: GuardedBed, address: str) -> list[str]:
    """The links in the mails that were sent to an address since this was asked last."""
    links = []
    for file in sorted(bed.modoboa.mails.glob("*")):
        message = message_from_bytes(
            file.read_bytes().partition(b"\n-----")[0], policy=policy.default
        )
        if message["To"] == address:
            words = message.get_content().split()
            links += [word for word in words if word.startswith("http")]
            file.unlink()
    return links


def _new_accounts(bed: GuardedBed, portals: Portals) -> Outcome:
    """Names that only another server knows log in on every host: which accounts come into being?"""
    domains = [*DOMAINS.values(), "unknown.test"]
    expected = set()
    for host in HOSTS:
        for domain in domains:
            username = f"new-{host}@{domain}"
            form = {"username": username, "password": "Whatever-1"}
            portals.post(host, "/accounts/login/", form)
            if host == PRIMARY or DOMAINS[host] == domain:
                expected.add(username)
    made = set(bed.modoboa.inside("created", "new-"))
    deviations = [
        Deviation(
            "new_accounts", name, name[4:].partition("@")[0], "made" if name in made else "not made"
        )
        for name in made ^ expected
    ]
    return Outcome(len(HOSTS) * len(domains), deviations)
