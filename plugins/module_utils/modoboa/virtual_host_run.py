# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: compare all virtual hosts, write what differs, read back, wait."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Callable

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import (
    Outcome,
    error_of,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.bulk import Bulk
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.domain import Domains
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.report import Reports
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    FAILED,
    READY,
    VirtualHost,
    VirtualHosts,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_outcome import (
    outcome_of,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_plan import (
    Change,
    Planner,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_verification import (
    verify,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_wait import (
    Waiting,
    problem,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_writer import (
    Writer,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_virtual_host import (
        WantedVirtualHost,
    )


@dataclass(frozen=True)
class Manner:
    """How a task wants all of it done."""

    check_mode: bool = False
    """Whether to predict, and write nothing."""
    created: Collection[str] = ()
    """Names that an earlier task of this run created; used in check mode, where they are not there."""
    move: bool = True
    """Whether to take domains that are on another virtual host from there."""
    retry: bool = False
    """Whether those that failed are provisioned again."""
    keep: Collection[str] | None = None
    """To remove all that are neither wanted nor among these; None to remove none."""
    wait: float | None = None
    """Seconds to wait until all are ready; None not to wait."""


class Convergence:
    """Makes all virtual hosts as wanted."""

    def __init__(
        self,
        client: Client,
        manner: Manner,
        *,
        warn: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        :param warn: tells the user about something that is no error
        """
        self._virtual_hosts = VirtualHosts(client)
        self._domains = Domains(client)
        self._reports = Reports(client)
        self._bulk = Bulk(client)
        self._manner = manner
        self._warn = warn
        self._takes_reports: bool | None = None
        self._waiting = Waiting(
            self._virtual_hosts.all, manner.wait or 0.0, sleep=sleep, clock=clock
        )

    def bring_about(self, wanted: Sequence[WantedVirtualHost]) -> list[Outcome]:
        """Make all virtual hosts as wanted; one outcome each, in order, then those pruned.

        :raises ModoboaError: one that concerns the connection
        """
        before = self._virtual_hosts.all()
        if self._manner.check_mode:
            before = {**{name: VirtualHost(name) for name in self._manner.created}, **before}
        planner = self._planner(wanted, before)
        changes = planner.plan(wanted, self._pruned(wanted, before))
        self._look_for_field(changes)
        after, created, errors = planner.expected, _created_by(changes), {}
        if not self._manner.check_mode and any(not change.is_empty for change in changes):
            writer = Writer(self._virtual_hosts, self._domains, self._bulk, self._reports)
            writer.write(changes, before)
            after, created, errors = self._virtual_hosts.all(), writer.created, writer.errors
            new = {name: host for name, host in planner.expected.items() if name not in before}
            changes = [self._verified(change, after, new, writer) for change in changes]
        after = self._wait(wanted, changes, after, errors)
        homes = {domain: host.name for host in after.values() for domain in host.domains}
        domains = {each.name: each.domains for each in wanted if each.state != "absent"}
        return [
            outcome_of(
                change,
                before.get(change.name),
                after.get(change.name),
                expected=planner.expected.get(change.name),
                created=created,
                elsewhere=dict(_elsewhere(change.name, domains.get(change.name, ()), homes)),
                error=errors.get(change.name),
            )
            for change in changes
        ]

    def _planner(
        self, wanted: Sequence[WantedVirtualHost], before: Mapping[str, VirtualHost]
    ) -> Planner:
        linked: set[str] = set()
        for host in before.values():
            self._domains.learn(host.domain_keys)
            linked.update(host.domain_keys)
        staying = [each for each in wanted if each.state != "absent"]
        self._domains.look_up({name for each in staying for name in each.domains} - linked)
        return Planner(
            before,
            self._domains,
            move=self._manner.move,
            retry=self._manner.retry,
            takes_reports=self._are_reports_taken,
        )

    def _pruned(
        self, wanted: Sequence[WantedVirtualHost], before: Mapping[str, VirtualHost]
    ) -> list[str]:
        if self._manner.keep is None:
            return []
        named = {*(each.name for each in wanted), *self._manner.keep}
        return sorted(name for name in before if name not in named)

    def _are_reports_taken(self) -> bool:
        if self._takes_reports is None:
            self._takes_reports = not self._provisions()
            if not self._takes_reports:
                self._warn(
                    "this server takes no reports on provisioning, so status, error and"
                    " certificate_valid_until are not recorded"
                )
        return self._takes_reports

    def _provisions(self) -> bool:
        """Whether the server provisions by itself, instead of taking reports."""
        return not (self._bulk.is_offered() or self._reports.are_taken())

    def _look_for_field(self, changes: Sequence[Change]) -> None:
        """Find out, in check mode too, whether domains can be linked at all.

        :raises ModoboaError: they cannot
        """
        linking = any(change.link for change in changes)
        alone = any(change.create or change.unlink for change in changes)
        if alone or (linking and not self._bulk.is_offered()):
            self._domains.virtual_host_field()

    def _verified(
        self,
        change: Change,
        after: Mapping[str, VirtualHost],
        new: Mapping[str, VirtualHost],
        writer: Writer,
    ) -> Change:
        """Note what the server has not kept; returns the change as far as it was made."""
        conflict = writer.conflicts.get(change.name)
        if not change.is_empty and change.name not in writer.errors:
            look = partial(
                verify,
                change,
                after.get(change.name),
                new=new.get(change.name),
                provisions=not change.retry or self._provisions(),
                conflict=conflict,
            )
            error = error_of(look)
            if error is not None:
                writer.errors[change.name] = error
        return change if conflict is None else replace(change, retry=False)

    def _wait(
        self,
        wanted: Sequence[WantedVirtualHost],
        changes: Sequence[Change],
        hosts: Mapping[str, VirtualHost],
        errors: dict[str, str],
    ) -> dict[str, VirtualHost]:
        latest = dict(hosts)
        if self._manner.wait is None:
            return latest
        failed = {*errors, *(change.name for change in changes if change.error is not None)}
        names = [
            each.name
            for each in wanted
            if each.state == "present"
            and each.name not in failed
            and each.name in latest
            and latest[each.name].status != READY
        ]
        if not names:
            return latest
        if not self._provisions():
            self._warn(
                "this server leaves provisioning to others, who report to it, so it was not waited"
                " for"
            )
            return latest
        if self._manner.check_mode:
            hopeless = [name for name in names if latest[name].status == FAILED]
            errors.update({name: problem(latest[name], 0.0) or "" for name in hopeless})
            return latest
        retried = [change.name for change in changes if change.retry]
        latest, problems = self._waiting.until_ready(names, latest, retried)
        errors.update(problems)
        return latest


def _created_by(changes: Sequence[Change]) -> set[str]:
    return {domain for change in changes if change.error is None for domain in change.create}


def _elsewhere(
    name: str, domains: Sequence[str], homes: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for domain in domains:
        home = homes.get(domain)
        if home not in (None, name):
            yield domain, str(home)
