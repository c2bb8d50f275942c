# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing what was planned: in one request where the server offers that, else one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import error_of

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.bulk import Bulk
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.domain import Domains
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.report import Reports
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
        VirtualHost,
        VirtualHosts,
    )
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_plan import (
        Change,
    )


class Writer:
    """Writes changes; an error ends those of its virtual host only."""

    def __init__(
        self, virtual_hosts: VirtualHosts, domains: Domains, bulk: Bulk, reports: Reports
    ) -> None:
        """Nothing is sent yet."""
        self._virtual_hosts = virtual_hosts
        self._domains = domains
        self._bulk = bulk
        self._reports = reports
        self.errors: dict[str, str] = {}
        """What went wrong, by name."""
        self.created: set[str] = set()
        """Mail domains that were created."""
        self.conflicts: dict[str, str] = {}
        """Those that the server would not provision again, in its words, by name."""

    def write(self, changes: Sequence[Change], before: Mapping[str, VirtualHost]) -> None:
        """Write all changes.

        :param before: the virtual hosts as they are, by name
        :raises ModoboaError: one that concerns the connection
        """
        self._each(changes, self._create)
        if not any(_item_of(change) for change in changes):
            pass  # so that it does not matter what is offered
        elif self._bulk.is_offered():
            self._write_at_once(changes)
        else:
            self._each(changes, self._link)
            self._each(changes, partial(self._enable, before))
            self._report(changes)
        # After the links, so that who changes all domains is not without any in between
        self._each(changes, self._unlink)
        self._each(changes, partial(self._retry, before))
        self._each(changes, partial(self._delete, before))

    def _each(self, changes: Sequence[Change], action: Callable[[Change], None]) -> None:
        for change in changes:
            if change.name in self.errors or change.error is not None:
                continue
            error = error_of(partial(action, change))
            if error is not None:
                self.errors[change.name] = error

    def _open(self, changes: Sequence[Change]) -> list[Change]:
        return [each for each in changes if each.name not in self.errors and each.error is None]

    def _create(self, change: Change) -> None:
        if change.new_domain is None:
            return
        for domain in change.create:
            try:
                self._domains.create(domain, change.new_domain, change.name)
            finally:
                if self._domains.key_of(domain) is not None:
                    self.created.add(domain)

    def _write_at_once(self, changes: Sequence[Change]) -> None:
        items = [(each.name, _item_of(each)) for each in self._open(changes)]
        due = [{"name": name, **item} for name, item in items if item]
        self.errors.update(self._bulk.send(due))

    def _link(self, change: Change) -> None:
        for domain in change.link:
            self._domains.link(domain, change.name)

    def _enable(self, before: Mapping[str, VirtualHost], change: Change) -> None:
        if change.enabled is not None:
            self._virtual_hosts.set_enabled(self._key_of(change, before), change.enabled)

    def _key_of(self, change: Change, before: Mapping[str, VirtualHost]) -> int:
        host = before.get(change.name)
        if host is not None and host.pk is not None:
            return host.pk
        # It came into being with its first domain a moment ago
        domain = (*change.create, *change.link)[0]
        domain_pk = self._domains.key_of(domain)
        found = self._virtual_hosts.of_domain(domain_pk) if domain_pk is not None else None
        if found is None or found.pk is None or found.name != change.name:
            raise errors.IgnoredFieldError(
                f"the server accepted the link of {domain} and did not make it; look into its log"
            )
        return found.pk

    def _report(self, changes: Sequence[Change]) -> None:
        due = [(each.name, each.report) for each in self._open(changes) if each.report is not None]
        if due:
            self.errors.update(self._reports.send(due))

    def _unlink(self, change: Change) -> None:
        for domain in change.unlink:
            self._domains.link(domain, "")

    def _retry(self, before: Mapping[str, VirtualHost], change: Change) -> None:
        host = before.get(change.name)
        if not change.retry or host is None or host.pk is None:
            return
        try:
            self._virtual_hosts.retry(host.pk)
        except errors.ConflictError as error:
            # No error if it is not failed any more, as reading back will show
            self.conflicts[change.name] = str(error)

    def _delete(self, before: Mapping[str, VirtualHost], change: Change) -> None:
        host = before.get(change.name)
        if not change.delete or host is None or host.pk is None:
            return
        reason = change.held_back_by(self.errors)
        if reason is not None:
            raise errors.ConflictError(reason)
        self._virtual_hosts.delete(host.pk)


def _item_of(change: Change) -> dict[str, Any]:
    """What the bulk endpoint is told of a change; empty if nothing of it is for that."""
    item: dict[str, Any] = {}
    if change.link:
        item["domains"] = list(change.link)
    if change.enabled is not None:
        item["enabled"] = change.enabled
    if change.report is not None:
        item.update(change.report.to_json(change.name))
    return item
