# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many certificates in one go: decide for each, do what is due, report on every one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from ..items import change
from .account import Account
from .certificate import Certificate, leaf_der, read_chain
from .copies import Copies, mark
from .errors import AcmeError, during
from .failure import failed_again
from .issuance import Issuer, Ways
from .memory import Revoked
from .network import Network
from .outcome import Item, Outcome
from .plan import Action, Revocation, make_plan
from .renewal import Policy
from .renewal_information import RenewalInformation, is_stale
from .request import ABSENT, PRESENT, CertificateRequest
from .revocation import COMPROMISED, revoke
from .store import CertificateStore
from .waiting import Deadline


@dataclass(frozen=True)
class BatchOptions:
    """What holds for all certificates of a run.

    :ivar order_timeout: seconds for one certificate, from the order to the chain
    :ivar concurrency: how many certificates, and how many requests, are under way at once
    :ivar revoke: whether certificates that are to be absent are revoked first
    :ivar revocation_reason: one of ``revocation.REASONS``
    """

    policy: Policy
    concurrency: int
    order_timeout: float
    check_mode: bool
    revoke: bool = False
    revocation_reason: str = "unspecified"


class Batch:
    """Works through requests with one account, one store and one set of connections."""

    def __init__(
        self,
        options: BatchOptions,
        account: Account,
        store: CertificateStore,
        network: Network,
        ways: Ways,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self.account = account
        self._options = options
        self._store = store
        self._network = network
        self._ways = ways
        self._now = now
        self._copies = Copies(store, ())
        self._renewal_information = RenewalInformation(network)
        self._issuer = Issuer(
            options.policy.directory,
            account,
            store,
            network,
            ways,
            self._renewal_information,
            now,
        )

    def run(self, requests: Iterable[CertificateRequest]) -> Outcome:
        """Bring every certificate to the state asked for; in check mode, say what that would do.

        One certificate's failure is recorded with it and never stops another.
        """
        outcome = Outcome([Item(request) for request in requests])
        leaving = {item.request.folder for item in outcome.items if item.request.state != PRESENT}
        self._copies = Copies(self._store, leaving)
        self._in_turn(self._plan, outcome.items)
        if not self._options.check_mode:
            self._at_once(self._tidy, filter(_is_untidy, outcome.items))
            self._at_once(self._ask_when_to_renew, filter(self._is_stale, outcome.items))
        self._ensure_account(outcome)
        for item in outcome.items:
            if item.asks_ca and outcome.account_error:
                item.fail(outcome.account_error)
        if not self._options.check_mode:
            self._carry_out([item for item in outcome.items if item.changed])
            # also when the CA had forgotten it, which an order finds out
            outcome.account_changed = self.account.changed
        return outcome

    def _plan(self, item: Item) -> None:
        """Look at the disk and decide; afterwards ``changed`` says what would happen."""
        if item.request.error is not None:
            raise item.request.error
        with during("storage"):
            item.stored = self._store.read(item.request.folder)
            revocation = self._revocation(item)
        item.adopt(
            make_plan(item.request, item.stored, self._options.policy, revocation, self._now())
        )

    def _revocation(self, item: Item) -> Revocation:
        first, state = self._options.revoke, item.request.state
        if state == PRESENT or (state == ABSENT and not first):
            return Revocation()
        compromised = self._options.revocation_reason == COMPROMISED
        return Revocation(first, compromised, self._copies.others(item.request.folder, item.stored))

    def _tidy(self, item: Item) -> None:
        """Remove what an interrupted run has left, unless a run is under way."""
        folder = item.request.folder
        with suppress(AcmeError, OSError), self._store.lock(folder, seconds=0):
            self._plan(item)
            if _is_untidy(item):
                self._store.tidy(folder)

    def _is_stale(self, item: Item) -> bool:
        stored = item.stored
        if item.error or item.plan is None or item.plan.action is not Action.NOTHING:
            return False
        if item.request.state != PRESENT or stored.certificate is None or stored.origin is None:
            return False
        # one that was adopted may be another CA's
        if stored.origin.directory not in ("", self._options.policy.directory):
            return False
        return is_stale(stored.memory.suggestion, stored.certificate, self._now())

    def _ask_when_to_renew(self, item: Item) -> None:
        with during("storage"), self._store.lock(item.request.folder):
            self._plan(item)
            certificate, memory = item.stored.certificate, item.stored.memory
            if not self._is_stale(item) or certificate is None:
                return
            suggestion = self._renewal_information.ask(
                certificate, memory.suggestion, self._now(), self._deadline()
            )
            self._store.remember(item.request.folder, replace(memory, suggestion=suggestion))
            self._plan(item)

    def _ensure_account(self, outcome: Outcome) -> None:
        if outcome.items and not any(
            item.asks_ca or item.request.state == PRESENT for item in outcome.items
        ):
            return
        try:
            with during("account"):
                outcome.account_changed = self.account.planned_change() is not None
                outcome.account_diff = change(
                    "ACME account", self.account.describe(), self.account.describe_wanted()
                )
                if not self._options.check_mode and (
                    outcome.account_changed or any(item.asks_ca for item in outcome.items)
                ):
                    self.account.ensure(self._network, self._deadline())
        except AcmeError as error:
            outcome.account_changed = False
            outcome.account_error = error

    def _carry_out(self, items: list[Item]) -> None:
        if not items:
            return
        # Requests of one order run in threads of their own, so that orders never wait for orders.
        with ThreadPoolExecutor(self._options.concurrency) as workers:
            self._at_once(lambda item: self._change(item, workers), items)

    def _at_once(self, work: Callable[[Item], None], items: Iterable[Item]) -> None:
        with ThreadPoolExecutor(self._options.concurrency) as threads:
            list(threads.map(lambda item: self._guard(item, work), items))

    def _in_turn(self, work: Callable[[Item], None], items: Iterable[Item]) -> None:
        for item in items:
            self._guard(item, work)

    def _guard(self, item: Item, work: Callable[[Item], None]) -> None:
        try:
            work(item)
        except Exception as error:  # whatever it is, the other certificates go on
            item.fail(error)

    def _change(self, item: Item, workers: Executor) -> None:
        folder = item.request.folder
        gone: Certificate | None = None
        with during("storage"), self._store.lock(folder):
            # look again: another process may have been at it before the lock was ours
            self._plan(item)
            if not item.changed or item.plan is None:
                return
            action = item.plan.action
            if action is Action.ISSUE:
                self._issue(item, workers)
            elif action is Action.CORRECT_MODES:
                self._store.correct_modes(folder)
            elif action is Action.REVOKE or item.plan.revoke:
                gone = self._revoke(item)
            item.stored = self._store.read(folder)
        if gone is not None:
            item.revoked = True
            self._mark(item, item.plan.others, gone)
        if action is Action.REMOVE:
            with during("removal"):
                self._store.remove(folder)
                item.stored = self._store.read(folder)

    def _issue(self, item: Item, workers: Executor) -> None:
        request, stored = item.request, item.stored
        try:
            item.warnings += self._issuer.issue(request, stored, workers, self._deadline())
        except AcmeError as error:
            terms = request.terms(self._options.policy.directory)
            failure = failed_again(stored.memory.failure, error, terms, self._now())
            memory = replace(stored.memory, failure=failure)
            item.stored = replace(stored, memory=memory)
            # a full disk must not hide what went wrong
            with suppress(OSError):
                self._store.remember(request.folder, memory)
            raise

    def _revoke(self, item: Item) -> Certificate:
        folder, reason = item.request.folder, self._options.revocation_reason
        chain, key = self._store.chain(folder), self._store.key(folder)
        revoke(self._network, leaf_der(chain), reason, key, self._deadline())
        return read_chain(chain)

    def _mark(self, item: Item, others: Iterable[str], certificate: Certificate) -> None:
        """Note that a certificate was revoked. Call it without a lock: it takes one after the other.

        With the one that was asked for last: a run that is killed before is made up for by the next.
        """
        revoked = Revoked(certificate.serial, self._now(), self._options.revocation_reason)
        item.warnings += self._copies.mark(others, certificate, revoked)
        folder = item.request.folder
        with during("storage"):
            mark(self._store, folder, certificate, revoked)
            item.stored = self._store.read(folder)

    def _deadline(self) -> Deadline:
        return Deadline(self._options.order_timeout)


def _is_untidy(item: Item) -> bool:
    """Say whether there is something unfinished that no run will go on with."""
    if item.error is not None or item.plan is None:
        return False
    stored = item.stored
    if item.request.state == PRESENT and stored.present and not stored.published:
        # only renewals are wanted here; another run goes on with the order
        return False
    return item.plan.action is Action.NOTHING and stored.unfinished
