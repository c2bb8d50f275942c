# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that looks after nothing but the account, and what it tells of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..items import change
from .account import Account
from .account_folder import Recorded
from .errors import AcmeError, during
from .network import Network
from .waiting import Deadline

_PATIENCE = 180.0

VALID = "valid"
DEACTIVATED = "deactivated"
ABSENT = "absent"


@dataclass(frozen=True)
class AccountOutcome:
    """What became of the account.

    :ivar account: as the module's result shows it
    :ivar diff: before and after, if something changed
    :ivar error: what it failed for
    """

    account: dict[str, Any]
    diff: list[dict[str, Any]]
    error: AcmeError | None = None


def look_after(
    account: Account, network: Network, *, present: bool, check_mode: bool
) -> AccountOutcome:
    """Bring the account to the wanted state; in check mode, say what that would do."""
    before, reason, error = Recorded(), None, None
    diff = change("ACME account", "", "")
    try:
        with during("account"):
            before = account.read()
            reason = account.planned_change() if present else account.planned_removal()
            after = account.describe_wanted() if present else ""
            diff = change("ACME account", account.describe(), after)
            if reason and not check_mode:
                work = account.ensure if present else account.remove
                work(network, Deadline(_PATIENCE))
    except AcmeError as caught:
        error = caught
    predicted = check_mode and reason is not None and error is None
    changed = account.changed or predicted
    result = _result(account, before, removed=account.changed and not present and not error)
    # without a change and without an error, another run was faster
    result.update(changed=changed, reason=reason if changed or error else None)
    return AccountOutcome(result, [diff] if changed and not error else [], error)


def _result(account: Account, before: Recorded, *, removed: bool) -> dict[str, Any]:
    recorded = before
    if not removed:
        with suppress(AcmeError, OSError):
            recorded = account.read()
    registration = recorded.registration if recorded.registered else None
    status = DEACTIVATED if removed else VALID if registration else ABSENT
    return {
        "uri": registration.url if registration else None,
        "thumbprint": recorded.key.thumbprint if recorded.key else None,
        "contact": list(registration.contact) if registration else None,
        "key_type": recorded.key.key_type if recorded.key else None,
        "status": status,
    }
