# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual hosts as a task wants them, and how to get there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import check_hostname
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import (
    Item,
    ItemsError,
    check_names,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import (
    Outcome,
    error_of,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.domain import Domains
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.report import (
    Report,
    Reports,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    VirtualHost,
    VirtualHosts,
    canonical_time,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client


@dataclass(frozen=True)
class WantedVirtualHost:
    """What a task says about one virtual host."""

    name: str
    domains: tuple[str, ...]
    state: str
    report: Report | None

    @classmethod
    def from_item(cls, item: Item) -> WantedVirtualHost:
        """Read one item of the task.

        :raises ItemsError: it contradicts itself
        """
        name = item["name"]
        status, error = item.get("status"), (item.get("error") or "").strip()
        try:
            valid_until = canonical_time(item.get("certificate_valid_until"))
        except ValueError as problem:
            raise ItemsError(
                f"{name}: certificate_valid_until is {item['certificate_valid_until']!r}"
                f" ({problem}); write it as 2026-12-31T23:59:59Z"
            ) from None
        if status == "failed" and not error:
            raise ItemsError(f"{name}: status 'failed' needs an error that says why")
        if status != "failed" and error:
            raise ItemsError(f"{name}: an error goes with status 'failed' only")
        nothing_said = status is None and valid_until is None
        report = None if nothing_said else Report(status, error, valid_until)
        domains = tuple(dict.fromkeys(domain.lower() for domain in item.get("domains") or ()))
        return cls(name, domains, item["state"], report)


def read_items(items: Sequence[Item]) -> list[WantedVirtualHost]:
    """Check and read all items of a task, before anything is touched.

    :raises ItemsError: names that are duplicate or malformed, contradictions
    """
    check_names(items, check_hostname)
    wanted = [WantedVirtualHost.from_item(item) for item in items]
    owners = Counter(domain for each in wanted if each.state != "absent" for domain in each.domains)
    shared = sorted(domain for domain, count in owners.items() if count > 1)
    if shared:
        raise ItemsError(
            f"named by more than one virtual host: {', '.join(shared)}; a mail domain is on one at"
            " most"
        )
    return wanted


class Convergence:
    """One run: compare all, write what differs, read back."""

    def __init__(
        self,
        client: Client,
        *,
        check_mode: bool = False,
        created: Collection[str] = (),
        move: bool = True,
        warn: Callable[[str], None],
    ) -> None:
        """Prepare.

        :param check_mode: predict and write nothing
        :param created: names that an earlier task of this run created; used in check mode, where
            they are not there
        :param move: whether to take domains that are on another virtual host from there
        :param warn: tells the user about something that is no error
        """
        self._virtual_hosts = VirtualHosts(client)
        self._domains = Domains(client)
        self._reports = Reports(client)
        self._check_mode = check_mode
        self._created = created
        self._move = move
        self._warn = warn
        # What the server has, or would have: kept up to date with every write
        self._hosts: dict[str, VirtualHost] = {}
        self._touched: set[str] = set()
        self._elsewhere: dict[str, dict[str, str]] = {}
        self._reported: set[str] = set()
        self._errors: dict[str, str] = {}

    def bring_about(self, wanted: Sequence[WantedVirtualHost]) -> list[Outcome]:
        """Make all virtual hosts as wanted; one outcome each, in order.

        :raises ModoboaError: one that concerns the connection
        """
        before = self._virtual_hosts.all()
        if self._check_mode:
            before = {**{name: VirtualHost(name) for name in self._created}, **before}
        self._hosts = dict(before)
        self._domains.look_up({domain for each in wanted for domain in self._missing_links(each)})
        for each in wanted:
            self._note(each.name, error_of(partial(self._make, each)))
        self._report([each for each in wanted if each.name not in self._errors])
        if self._touched and not self._check_mode:
            self._hosts = self._virtual_hosts.all()
            for each in wanted:
                if each.name in self._touched and each.name not in self._errors:
                    self._note(each.name, error_of(partial(self._verify, each)))
        return [self._outcome(each, before.get(each.name)) for each in wanted]

    def _note(self, name: str, error: str | None) -> None:
        if error is not None:
            self._errors[name] = error

    def _missing_links(self, wanted: WantedVirtualHost) -> list[str]:
        if wanted.state == "absent":
            return []
        host = self._hosts.get(wanted.name)
        linked = host.domains if host else ()
        missing = [domain for domain in wanted.domains if domain not in linked]
        if not self._move:
            missing = [domain for domain in missing if self._home_of(domain) is None]
        return missing

    def _home_of(self, domain: str) -> str | None:
        """The virtual host that a domain is on."""
        return next((host.name for host in self._hosts.values() if domain in host.domains), None)

    def _make(self, wanted: WantedVirtualHost) -> None:
        host = self._hosts.get(wanted.name)
        if wanted.state == "absent":
            if host is not None:
                self._delete(host)
            return
        if host is None and not wanted.domains and wanted.state != "reported":
            raise errors.NotFoundError(
                "this virtual host does not exist, and comes into being only by naming it in a"
                " mail domain: list at least one under domains"
            )
        if host is None and wanted.state == "reported":
            raise errors.NotFoundError("this virtual host does not exist, so nothing is reported")
        self._link(wanted.name, self._missing_links(wanted))
        if wanted.name in self._hosts and wanted.state != "reported":
            self._enable(wanted)

    def _delete(self, host: VirtualHost) -> None:
        self._touched.add(host.name)
        if host.pk is not None and not self._check_mode:
            self._virtual_hosts.delete(host.pk)
        del self._hosts[host.name]

    def _link(self, name: str, domains: Sequence[str]) -> None:
        if not domains:
            return
        unknown = [domain for domain in domains if self._domains.key_of(domain) is None]
        if unknown:
            raise errors.NotFoundError(
                f"Modoboa has no mail domain {', '.join(unknown)}; create it there first, or look"
                " for a slip of the pen"
            )
        self._domains.virtual_host_field()
        self._touched.add(name)
        for domain in domains:
            if not self._check_mode:
                self._domains.link(domain, name)
            home = self._home_of(domain)
            if home is not None:
                self._elsewhere.setdefault(name, {})[domain] = home
                self._hosts[home] = self._hosts[home].without_domain(domain)
            self._hosts[name] = self._hosts.get(name, VirtualHost(name)).with_domain(domain)

    def _enable(self, wanted: WantedVirtualHost) -> None:
        enabled = wanted.state == "present"
        host = self._hosts[wanted.name]
        if host.enabled == enabled:
            return
        self._touched.add(host.name)
        if not self._check_mode:
            self._virtual_hosts.set_enabled(self._key_of(host), enabled)
        self._hosts[host.name] = replace(host, enabled=enabled)

    def _key_of(self, host: VirtualHost) -> int:
        if host.pk is not None:
            return host.pk
        # It came into being with its first domain a moment ago
        domain_pk = self._domains.key_of(host.domains[0])
        found = self._virtual_hosts.of_domain(domain_pk) if domain_pk is not None else None
        if found is None or found.pk is None or found.name != host.name:
            raise errors.IgnoredFieldError(
                f"the server accepted the link of {host.domains[0]} and did not make it; look into"
                " its log"
            )
        return found.pk

    def _report(self, wanted: Iterable[WantedVirtualHost]) -> None:
        due = [
            (each.name, each.report)
            for each in wanted
            if each.report is not None
            and each.name in self._hosts
            and each.report.applied_to(self._hosts[each.name]) != self._hosts[each.name]
        ]
        if not due:
            return
        if not self._reports.are_taken():
            self._warn(
                "this server takes no reports on provisioning, so status, error and"
                " certificate_valid_until are not recorded"
            )
            return
        refused = {} if self._check_mode else self._reports.send(due)
        for name, report in due:
            self._touched.add(name)
            if name in refused:
                self._note(name, refused[name])
            else:
                self._reported.add(name)
                self._hosts[name] = report.applied_to(self._hosts[name])

    def _verify(self, wanted: WantedVirtualHost) -> None:
        """Compare what the server has now with what was written.

        :raises IgnoredFieldError: it is not the same
        """
        host = self._hosts.get(wanted.name)
        ignored = []
        if wanted.state == "absent":
            ignored = [] if host is None else ["its deletion"]
        elif host is None:
            ignored = ["its creation"]
        else:
            ignored += [f"the domain {domain}" for domain in self._missing_links(wanted)]
            if wanted.state != "reported" and host.enabled != (wanted.state == "present"):
                ignored.append("enabled")
            report = wanted.report if wanted.name in self._reported else None
            if report is not None and report.applied_to(host) != host:
                ignored.append(f"the reported {report.noun()}")
        if ignored:
            raise errors.IgnoredFieldError(
                "the server accepted, but did not keep, "
                + ", ".join(ignored)
                + "; look into its log"
            )

    def _outcome(self, wanted: WantedVirtualHost, before: VirtualHost | None) -> Outcome:
        name = wanted.name
        after = self._hosts.get(name)
        old = _described(before)
        new = _described(after)
        if name not in self._touched:
            old = new
        elif self._elsewhere.get(name):
            old = {**old, "domains_elsewhere": self._elsewhere[name]}
            new = {**new, "domains_elsewhere": {}}
        facts = {
            "pk": after.pk if after else None,
            "domains": list(after.domains) if after else [],
            "enabled": after.enabled if after else None,
            "status": after.status if after else None,
            "error_recorded": after.error if after else None,
            "certificate_valid_until": after.certificate_valid_until if after else None,
            "created": before is None and after is not None,
            "exists": after is not None,
            "domains_elsewhere": self._left_elsewhere(wanted),
        }
        return Outcome(name, old, new, facts, self._errors.get(name))

    def _left_elsewhere(self, wanted: WantedVirtualHost) -> dict[str, str]:
        """Domains that were wanted here and are on another virtual host, and on which."""
        if wanted.state == "absent":
            return {}
        homes = {domain: self._home_of(domain) for domain in wanted.domains}
        return {domain: home for domain, home in homes.items() if home not in (None, wanted.name)}


def _described(host: VirtualHost | None) -> dict[str, Any]:
    """What a diff shows of a virtual host."""
    if host is None:
        return {}
    return {
        "domains": list(host.domains),
        "enabled": host.enabled,
        "status": host.status,
        "error": host.error,
        "certificate_valid_until": host.certificate_valid_until,
    }
