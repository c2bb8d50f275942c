# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual hosts as a task wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import (
    check_hostname,
    malformed,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import (
    Item,
    ItemsError,
    check_names,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.new_domain import NewDomain
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.report import Report
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    canonical_time,
)


@dataclass(frozen=True)
class WantedVirtualHost:
    """What a task says about one virtual host.

    ``exclusive`` takes other domains off it. Without ``new_domain``, domains have to exist.
    """

    name: str
    domains: tuple[str, ...] = ()
    state: str = "present"
    report: Report | None = None
    exclusive: bool = False
    new_domain: NewDomain | None = None

    @classmethod
    def from_item(cls, item: Item) -> WantedVirtualHost:
        """Read one item of the task.

        :raises ItemsError: it contradicts itself
        """
        domains = tuple(dict.fromkeys(domain.lower() for domain in item.get("domains") or ()))
        new_domain = item.get("create_domains")
        return cls(
            name=item["name"],
            domains=domains,
            state=item["state"],
            report=_report_of(item),
            # Who says nothing about domains wants none of them gone
            exclusive=bool(item.get("exclusive")) and item.get("domains") is not None,
            new_domain=None if new_domain is None else NewDomain.from_options(new_domain),
        )


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


def check_prune(
    wanted: Sequence[WantedVirtualHost], keep: Collection[str], allow_empty: bool
) -> None:
    """Refuse to prune what is more likely a mistake, before anything is touched.

    :param wanted: the task's virtual hosts, which stay
    :param keep: names of others that stay
    :param allow_empty: whether nothing may be left
    :raises ItemsError: nothing would be left, or a name is misspelt and would not be kept
    """
    nothing_left = not keep and all(each.state == "absent" for each in wanted)
    if (not wanted or nothing_left) and not allow_empty:
        raise ItemsError(
            f"prune with {'no host in vhosts that stays' if wanted else 'an empty list of vhosts'}"
            " would remove every virtual host; list those that stay, or set allow_empty if that is"
            " what you want"
        )
    problems = list(malformed(keep))
    if problems:
        raise ItemsError("keep: " + "; ".join(problems))


def _report_of(item: Item) -> Report | None:
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
    if status is None and valid_until is None:
        return None
    if item["state"] == "absent":
        raise ItemsError(f"{name}: nothing can be reported with state=absent")
    return Report(status, error, valid_until)
