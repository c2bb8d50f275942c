# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be written so that virtual hosts become what is wanted, found without writing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Callable

from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import malformed
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    FAILED,
    PENDING,
    VirtualHost,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.domain import Domains
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.new_domain import (
        NewDomain,
    )
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.report import Report
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_virtual_host import (
        WantedVirtualHost,
    )


@dataclass(frozen=True)
class Change:
    """What is to be written for one virtual host.

    ``sources`` has the virtual hosts that domains are taken from, ``heirs`` those of the task that
    domains of a deleted one are for. With an ``error`` nothing is written.
    """

    name: str
    create: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    unlink: tuple[str, ...] = ()
    enabled: bool | None = None
    retry: bool = False
    report: Report | None = None
    delete: bool = False
    pruned: bool = False
    new_domain: NewDomain | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    heirs: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (
            self.links_differ
            or self.enabled is not None
            or self.retry
            or self.report is not None
            or self.delete
        )

    @property
    def links_differ(self) -> bool:
        """Whether domains come or go."""
        return bool(self.create or self.link or self.unlink)

    def held_back_by(self, failed: Collection[str]) -> str | None:
        """Why it is not deleted yet, so that no mail domain is left without a virtual host.

        :param failed: names of virtual hosts that did not become what they are to be
        :returns: None if it can be deleted
        """
        for domain, heir in self.heirs.items():
            if heir in failed:
                return (
                    f"not removed, since {heir} failed, which is to take {domain} over from it; it"
                    " goes when that succeeds"
                )
        return None


class Planner:
    """Goes through what is wanted, one after the other, and keeps in mind what that changes."""

    def __init__(
        self,
        hosts: Mapping[str, VirtualHost],
        domains: Domains,
        *,
        move: bool,
        retry: bool,
        takes_reports: Callable[[], bool],
    ) -> None:
        """Prepare.

        :param hosts: the virtual hosts as they are, by name
        :param domains: the mail domains; those that are on no virtual host were looked up
        :param move: whether to take domains that are on another virtual host from there
        :param retry: whether those that failed are provisioned again
        :param takes_reports: whether the server does; called when there is something to report
        """
        self._before = hosts
        self.expected = dict(hosts)
        """The virtual hosts once all is written."""
        self._domains = domains
        self._move = move
        self._retry = retry
        self._takes_reports = takes_reports
        self._homes = {domain: host.name for host in hosts.values() for domain in host.domains}
        self._leaving: set[str] = set()
        self._claims: dict[str, str] = {}

    def plan(
        self, wanted: Sequence[WantedVirtualHost], pruned: Collection[str] = ()
    ) -> list[Change]:
        """One change for each, in order, then one for each that is pruned."""
        staying = [each for each in wanted if each.state != "absent"]
        self._leaving = {*pruned, *(each.name for each in wanted if each.state == "absent")}
        self._claims = {domain: each.name for each in staying for domain in each.domains}
        changes = {each.name: self._change_of(each) for each in staying}
        # Last, so that their domains are never without a virtual host on the way to another
        failed = {name for name, change in changes.items() if change.error is not None}
        changes.update({name: self._deletion_of(name, failed) for name in sorted(self._leaving)})
        ordered = [each.name for each in wanted]
        return [
            *(changes[name] for name in ordered),
            *(replace(changes[name], pruned=True) for name in sorted(pruned)),
        ]

    def _change_of(self, wanted: WantedVirtualHost) -> Change:
        name = wanted.name
        host = self.expected.get(name)
        missing = list(self._missing(wanted))
        unknown = [domain for domain in missing if self._domains.key_of(domain) is None]
        error = _objection(wanted, host, unknown)
        if error is not None:
            return Change(name, error=error)
        change = Change(
            name,
            create=tuple(unknown),
            link=tuple(domain for domain in missing if domain not in unknown),
            unlink=tuple(self._surplus(wanted, host)),
            new_domain=wanted.new_domain,
            sources={domain: self._homes[domain] for domain in missing if domain in self._homes},
        )
        if host is None and not missing:
            return change  # all its domains stay elsewhere, so that it does not come into being
        return self._settle(wanted, self._link(change, host or VirtualHost(name)), change)

    def _missing(self, wanted: WantedVirtualHost) -> Iterator[str]:
        for domain in wanted.domains:
            home = self._homes.get(domain)
            if home == wanted.name:
                continue
            if home is None or self._move or home in self._leaving:
                yield domain

    def _surplus(self, wanted: WantedVirtualHost, host: VirtualHost | None) -> Iterator[str]:
        if host is None or not wanted.exclusive:
            return
        for domain in host.domains:
            # One that another of the task wants goes there by itself, or stays until it may move
            if domain not in self._claims:
                yield domain

    def _link(self, change: Change, host: VirtualHost) -> VirtualHost:
        for domain in (*change.create, *change.link):
            home = self._homes.get(domain)
            if home is not None:
                self.expected[home] = self.expected[home].without_domain(domain)
            self._homes[domain] = host.name
            host = host.with_domain(domain)
        for domain in change.unlink:
            del self._homes[domain]
            host = host.without_domain(domain)
        return host

    def _settle(self, wanted: WantedVirtualHost, host: VirtualHost, change: Change) -> Change:
        """Add what is not about domains; what is expected then is remembered."""
        enabled = {"present": True, "disabled": False}.get(wanted.state, host.enabled)
        if host.enabled != enabled:
            host = replace(host, enabled=enabled)
            change = replace(change, enabled=enabled)
        report = wanted.report
        if (
            self._retry
            and host.status == FAILED
            and wanted.state != "disabled"
            and (report is None or report.status is None)
        ):
            host = replace(host, status=PENDING, error="")
            change = replace(change, retry=True)
        if report is not None and report.applied_to(host) != host and self._takes_reports():
            host = report.applied_to(host)
            change = replace(change, report=report)
        self.expected[host.name] = host
        return change

    def _deletion_of(self, name: str, failed: Collection[str]) -> Change:
        host = self._before.get(name)
        if host is None:
            return Change(name)
        heirs = {domain: self._claims[domain] for domain in host.domains if domain in self._claims}
        change = Change(name, delete=True, heirs=heirs)
        error = change.held_back_by(failed)
        if error is not None:
            return Change(name, error=error)
        del self.expected[name]
        return change


def _objection(
    wanted: WantedVirtualHost, host: VirtualHost | None, unknown: Sequence[str]
) -> str | None:
    if host is None and wanted.state == "reported":
        return "this virtual host does not exist, so nothing is reported"
    if host is None and not wanted.domains:
        return (
            "this virtual host does not exist, and comes into being only by naming it in a mail"
            " domain: list at least one under domains"
        )
    if unknown and wanted.new_domain is None:
        return (
            f"Modoboa has no mail domain {', '.join(unknown)}; create it there first, or with"
            " create_domains, or look for a slip of the pen"
        )
    # Those that are there may be anything that Modoboa takes
    return "; ".join(f"mail domain: {problem}" for problem in malformed(unknown)) or None
