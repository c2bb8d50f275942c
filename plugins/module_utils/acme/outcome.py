# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of many certificates, and of the account that they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .errors import AcmeError, as_acme_error
from .plan import Action, Plan
from .request import CertificateRequest
from .store import Stored


@dataclass
class Item:
    """One certificate of the batch: what was asked for and what became of it.

    :ivar revoked: its CA has revoked it in this run, whatever became of it then
    """

    request: CertificateRequest
    stored: Stored = field(default_factory=lambda: Stored(present=False))
    plan: Plan | None = None
    changed: bool = False
    error: AcmeError | None = None
    postponed: bool = False
    revoked: bool = False
    warnings: list[str] = field(default_factory=list)

    def adopt(self, plan: Plan) -> None:
        """Take over what is to be done. What is postponed has failed already."""
        self.plan = plan
        if plan.postponed is not None:
            self.fail(plan.postponed.error())
            self.postponed = True
        self.changed = plan.action is not Action.NOTHING

    def fail(self, error: Exception) -> None:
        """Record what went wrong; nothing was changed."""
        self.error = as_acme_error(error)
        self.changed = False

    @property
    def issued(self) -> bool:
        """Whether the change is a new certificate."""
        return self.changed and self.plan is not None and self.plan.action is Action.ISSUE

    @property
    def present(self) -> bool:
        """Whether a certificate that can be used is there; in check mode, whether it would be."""
        if self.changed and self.plan is not None and self.plan.action is Action.REMOVE:
            return False
        return self.issued or (self.stored.certificate is not None and self.stored.fault is None)

    @property
    def reason(self) -> str | None:
        """Why something is to be done, or nothing."""
        return self.plan.reason if self.plan else None

    @property
    def asks_ca(self) -> bool:
        """Whether there is something to be done that needs the account."""
        if self.plan is None or self.error is not None:
            return False
        return self.plan.action in (Action.ISSUE, Action.REVOKE) or self.plan.revoke


@dataclass
class Outcome:
    """What became of the account and of every certificate."""

    items: list[Item]
    account_changed: bool = False
    account_error: AcmeError | None = None
    account_diff: dict[str, Any] | None = None

    @property
    def changed(self) -> bool:
        """Whether anything was changed, or would be."""
        return self.account_changed or any(item.changed for item in self.items)

    @property
    def diff(self) -> list[dict[str, Any]]:
        """Before and after of all that was changed."""
        candidates = [(self.account_changed, self.account_diff)]
        candidates += [(item.changed, item.plan.diff if item.plan else None) for item in self.items]
        return [
            diff
            for changed, diff in candidates
            if changed and diff and diff["before"] != diff["after"]
        ]

    @property
    def warnings(self) -> list[str]:
        """What the reader should know although nothing failed."""
        found: list[str] = []
        for item in self.items:
            found += item.warnings
            warning = item.plan.warning if item.plan else None
            if warning is not None and (item.changed or item.revoked):
                found.append(warning)
        return found

    @property
    def unreported_error(self) -> AcmeError | None:
        """What went wrong with the account, unless a certificate's error says it already."""
        return None if any(item.error for item in self.items) else self.account_error
