# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a virtual host, for the results and the diff."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import Outcome
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    VirtualHost,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_plan import (
        Change,
    )


def outcome_of(
    change: Change,
    before: VirtualHost | None,
    after: VirtualHost | None,
    *,
    expected: VirtualHost | None,
    created: Collection[str],
    elsewhere: Mapping[str, str],
    error: str | None,
) -> Outcome:
    """Describe one.

    :param change: what was planned; its error counts as well
    :param before: as it was; None if it was not there
    :param after: as it is, in check mode as it would be
    :param expected: as it was planned to be
    :param created: mail domains that were created, in check mode would be
    :param elsewhere: its domains that are on another virtual host, and on which
    """
    written = _as_written(change, before, after, expected)
    new = _described(written)
    # One that another took a domain from has not been changed for its own sake
    old = new if change.is_empty else _described(before)
    made = [domain for domain in change.create if domain in created]
    moved = {
        domain: home
        for domain, home in change.sources.items()
        if after is not None and domain in after.domains
    }
    if made:
        old, new = {**old, "domains_created": []}, {**new, "domains_created": made}
    if moved:
        old, new = {**old, "domains_elsewhere": moved}, {**new, "domains_elsewhere": {}}
    facts = {
        "pk": after.pk if after else None,
        "domains": list(after.domains) if after else [],
        "enabled": after.enabled if after else None,
        "status": after.status if after else None,
        "error_recorded": after.error if after else None,
        "certificate_valid_until": after.certificate_valid_until if after else None,
        "created": before is None and after is not None,
        "exists": after is not None,
        "domains_elsewhere": dict(elsewhere),
        "domains_created": made,
        "retried": change.retry,
        "pruned": change.pruned,
    }
    return Outcome(change.name, old, new, facts, change.error or error)


def _as_written(
    change: Change,
    before: VirtualHost | None,
    after: VirtualHost | None,
    expected: VirtualHost | None,
) -> VirtualHost | None:
    """What is there, less what the server has done by itself meanwhile.

    A server that provisions may be done with it a moment later; that is no change of the task.
    """
    if after is None or change.report is not None:
        return after
    base = expected if change.retry and expected else before or VirtualHost(change.name)
    return replace(
        after,
        status=base.status,
        error=base.error,
        certificate_valid_until=base.certificate_valid_until,
    )


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
