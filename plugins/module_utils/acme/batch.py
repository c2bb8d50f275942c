# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many certificates in one go: decide for each, do what is due, report on every one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..items import change
from .account import Account
from .certificate import timestamp
from .errors import AcmeError, ProblemError, during, stable_text
from .keys import key_to_pem, make_key
from .network import Network
from .order import Order
from .renewal import Decision, decide
from .request import CertificateRequest
from .responder import Responder
from .store import CertificateStore, Stored
from .waiting import Deadline


@dataclass(frozen=True)
class BatchOptions:
    """What holds for all certificates of a run.

    :ivar directory: URL of the ACME directory
    :ivar order_timeout: seconds for one certificate, from the order to the chain
    :ivar concurrency: how many certificates, and how many requests, are under way at once
    """

    directory: str
    renew_days: int
    force: bool
    concurrency: int
    order_timeout: float
    check_mode: bool


@dataclass
class Item:
    """One certificate of the batch: what was asked for and what became of it."""

    request: CertificateRequest
    stored: Stored = field(default_factory=lambda: Stored(present=False))
    reason: str | None = None
    issue: bool = False
    changed: bool = False
    error: AcmeError | None = None
    diff: dict[str, Any] | None = None

    def fail(self, error: Exception) -> None:
        """Record what went wrong; nothing was changed."""
        if not isinstance(error, AcmeError):
            error = AcmeError(f"unexpected {type(error).__name__}: {stable_text(str(error))}")
        self.error = error
        self.changed = False


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
        candidates += [(item.changed, item.diff) for item in self.items]
        return [
            diff
            for changed, diff in candidates
            if changed and diff and diff["before"] != diff["after"]
        ]

    @property
    def unreported_error(self) -> AcmeError | None:
        """What went wrong with the account, unless a certificate's error says it already."""
        return None if any(item.error for item in self.items) else self.account_error


class Batch:
    """Works through requests with one account, one store and one connection pool."""

    def __init__(
        self,
        options: BatchOptions,
        account: Account,
        store: CertificateStore,
        responder: Responder,
        network: Network,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._options = options
        self._account = account
        self._store = store
        self._responder = responder
        self._network = network
        self._now = now

    def run(self, requests: Iterable[CertificateRequest]) -> Outcome:
        """Bring every certificate to the state asked for; in check mode, say what that would do.

        One certificate's failure is recorded with it and never stops another.
        """
        outcome = Outcome([Item(request) for request in requests])
        for item in outcome.items:
            self._guard(item, self._plan)
        self._ensure_account(outcome)
        for item in outcome.items:
            if item.issue and not item.error and outcome.account_error:
                item.fail(outcome.account_error)
        if not self._options.check_mode:
            self._carry_out([item for item in outcome.items if item.changed])
            # also when the CA had forgotten it, which an order finds out
            outcome.account_changed = self._account.changed
        return outcome

    def _plan(self, item: Item) -> None:
        """Look at the disk and decide; afterwards ``changed`` says what would happen."""
        request, header = item.request, f"certificate {item.request.name}"
        with during("look"):
            item.stored = self._store.read(request.name)
        if not request.present:
            item.changed = item.stored.present
            item.reason = "to be removed" if item.changed else "there is nothing to remove"
            item.diff = change(header, _describe_stored(item.stored), "")
            return
        decision = self._decide(item)
        item.issue, item.reason = decision.due, decision.reason
        item.changed = item.issue
        before = _describe_stored(item.stored)
        if item.issue:
            after = _describe_wanted(request, self._options.directory, decision.reason)
            item.diff = change(header, before, after)
        elif not item.stored.modes_fit:
            item.changed = True
            item.reason = f"mode or owner of its files differs; {decision.reason}"
            item.diff = change(
                header,
                before + "files: mode or owner differs\n",
                before + "files: as wanted\n",
            )

    def _decide(self, item: Item) -> Decision:
        return decide(
            item.request,
            item.stored,
            directory=self._options.directory,
            renew_days=self._options.renew_days,
            force=self._options.force,
            now=self._now(),
        )

    def _ensure_account(self, outcome: Outcome) -> None:
        if outcome.items and not any(item.request.present for item in outcome.items):
            return
        try:
            with during("account"):
                outcome.account_changed = self._account.planned_change() is not None
                outcome.account_diff = change(
                    "ACME account", self._account.describe(), self._account.describe_wanted()
                )
                if not self._options.check_mode and (
                    outcome.account_changed or any(item.issue for item in outcome.items)
                ):
                    self._account.ensure(self._network, Deadline(self._options.order_timeout))
        except AcmeError as error:
            outcome.account_changed = False
            outcome.account_error = error

    def _carry_out(self, items: list[Item]) -> None:
        if not items:
            return
        concurrency = self._options.concurrency
        # Requests of one order run in threads of their own, so that orders never wait for orders.
        with ThreadPoolExecutor(concurrency) as workers, ThreadPoolExecutor(concurrency) as orders:
            list(
                orders.map(
                    lambda item: self._guard(item, lambda each: self._change(each, workers)), items
                )
            )

    def _guard(self, item: Item, work: Callable[[Item], None]) -> None:
        try:
            work(item)
        except Exception as error:  # whatever it is, the other certificates go on
            item.fail(error)

    def _change(self, item: Item, workers: Executor) -> None:
        name = item.request.name
        if not item.request.present:
            with during("removal"):
                self._store.remove(name)
                item.stored = self._store.read(name)
            return
        with during("storage"), self._store.lock(name):
            # look again: another process may have been at it before the lock was ours
            self._plan(item)
            if item.issue:
                self._issue(item, workers)
            elif item.changed:
                self._store.correct_modes(name)
            item.stored = self._store.read(name)

    def _issue(self, item: Item, workers: Executor) -> None:
        request = item.request
        deadline = Deadline(self._options.order_timeout)
        order = self._place_order(request, deadline)
        order.prove(self._responder, workers)
        # a new key with every certificate
        key = make_key(request.key_type)
        chain = order.finalize(key)
        self._store.publish(
            request.name, chain, key_to_pem(key), self._options.directory, self._now()
        )

    def _place_order(self, request: CertificateRequest, deadline: Deadline) -> Order:
        account_url = self._network.account_url
        try:
            return Order.place(self._network, request.names, deadline)
        except ProblemError as error:
            if error.problem.code != "accountDoesNotExist":
                raise
        with during("account"):
            self._account.renew(account_url, self._network, deadline)
        return Order.place(self._network, request.names, deadline)


def _describe_stored(stored: Stored) -> str:
    certificate = stored.certificate
    if certificate is None:
        return f"certificate: none that can be used ({stored.fault})\n" if stored.present else ""
    return _description(
        certificate.names,
        certificate.key_type,
        stored.directory or "unknown",
        f"{timestamp(certificate.not_before)} to {timestamp(certificate.not_after)}",
    )


def _describe_wanted(request: CertificateRequest, directory: str, reason: str) -> str:
    # the moments are not known before the CA has set them, and check mode shows the same
    validity = "from now on, for as long as the CA grants"
    return _description(request.names, request.key_type, directory, validity, reason)


def _description(
    names: Iterable[str], key_type: str, directory: str, validity: str, reason: str = ""
) -> str:
    text = (
        f"names: {', '.join(sorted(names))}\n"
        f"key type: {key_type}\n"
        f"directory: {directory}\n"
        f"validity: {validity}\n"
    )
    return f"{text}issued because: {reason}\n" if reason else text
