# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account at the CA: created once, found again, changed and deactivated (RFC 8555 section 7.3)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from .account_check import AccountCheck
from .account_folder import AccountFolder, Recorded
from .account_plan import AccountOptions, AccountPlan
from .errors import AcmeError, ProblemError
from .failure import failed_again
from .network import Network
from .registration import Registration, deactivate, find, register, update_contact
from .rollover import roll_over, settle
from .waiting import Deadline


class Account:
    """The account at one CA, with its folder in the storage."""

    def __init__(
        self,
        storage: Path,
        directory_url: str,
        options: AccountOptions,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._folder = AccountFolder(storage, directory_url)
        self._directory_url = directory_url
        self._options = options
        self._now = now
        self._renewing = threading.Lock()
        self._check = AccountCheck()
        self.changed = False

    @property
    def url(self) -> str | None:
        """The account's URL at the CA, ``None`` before it is registered.

        :raises AcmeError: the key is of a kind that cannot be used
        :raises OSError: the storage cannot be read
        """
        registration = self.read().registration
        return (registration.url or None) if registration else None

    @property
    def thumbprint(self) -> str | None:
        """The key's thumbprint, ``None`` before there is a key.

        :raises AcmeError: the key is of a kind that cannot be used
        :raises OSError: the storage cannot be read
        """
        key = self.read().key
        return key.thumbprint if key else None

    def read(self) -> Recorded:
        """Return what is recorded of the account in the storage.

        :raises AcmeError: the key is of a kind that cannot be used
        :raises OSError: the storage cannot be read
        """
        return self._folder.read()

    def planned_change(self) -> str | None:
        """Say what :meth:`ensure` would change and why, without asking the CA; ``None`` for nothing.

        :raises AcmeError: it would fail for want of consent
        :raises OSError: the storage cannot be read
        """
        plan = self._plan()
        if not plan.recorded.has_key:
            self._require_consent(f"meta.termsOfService in {self._directory_url}")
        return plan.reason()

    def planned_removal(self) -> str | None:
        """Say what :meth:`remove` would do, without asking the CA; ``None`` for nothing.

        :raises AcmeError: the key cannot be read, so that nobody could deactivate the account
        :raises OSError: the storage cannot be read
        """
        if not self._folder.holds_anything():
            return None
        if self.read().damaged:
            raise AcmeError(
                "the account's key.pem cannot be read, so that the account cannot be deactivated."
                " Repair it, or remove the account's folder from the storage by hand."
            )
        return "to be deactivated at the CA and removed"

    def describe(self) -> str:
        """Return what is recorded for a diff: the account, only its key, or nothing.

        :raises AcmeError: the key is of a kind that cannot be used
        :raises OSError: the storage cannot be read
        """
        return self._plan().before()

    def describe_wanted(self) -> str:
        """Return the account for a diff as the options want it.

        :raises AcmeError: the key is of a kind that cannot be used
        :raises OSError: the storage cannot be read
        """
        return self._plan().after()

    def ensure(self, network: Network, deadline: Deadline) -> None:
        """Make sure that the account is as wanted, and let requests name it.

        Asks the CA only when something is missing or differs, and not before the time that it named
        when it refused.

        :raises AcmeError: the CA refused, or its terms are not agreed to
        :raises OSError: the storage cannot be read or written
        """
        if self.planned_change():
            self._heed_limit()
            # a mistyped directory, or a CA that does not take everybody, leaves nothing behind
            network.endpoint("newAccount", deadline)
            if not self.read().has_key:
                self._require_binding(network, deadline)
            with self._folder.lock():
                self._change_or_remember(network, deadline)
        if not self._use(network):
            raise AcmeError("the account vanished from the storage while it was being used")

    def renew(self, forgotten_url: str | None, network: Network, deadline: Deadline) -> None:
        """Register the same key again, because the CA no longer knows the account.

        Of many threads that find out, one does it.

        :param forgotten_url: the account's URL that the CA refused
        :raises AcmeError: the CA refused, or its terms are not agreed to
        :raises OSError: the storage cannot be written
        """
        with self._renewing:
            if network.account_url != forgotten_url:
                return
            self._require_consent(self._terms(network, deadline))
            with self._folder.lock():
                registration = self.read().registration
                if registration and registration.url == forgotten_url:
                    self._folder.record(replace(registration, url=""))
            self.ensure(network, deadline)

    def remove(self, network: Network, deadline: Deadline) -> None:
        """Deactivate the account at the CA, for good, and then remove its folder.

        An account that the CA does not know, or has closed, counts as deactivated.

        :raises AcmeError: the CA cannot be asked, or refused; the folder is still there
        :raises OSError: the folder cannot be removed
        """
        if self.planned_removal() is None:
            return
        with self._folder.lock():
            recorded = self.read()
            for key in (recorded.next_key, recorded.key):
                if key:
                    deactivate(network, key, deadline)
            # another run may have removed it before the lock was ours
            self.changed = self._folder.holds_anything()
            self._folder.remove()

    def explain(self, refusal: ProblemError, network: Network, deadline: Deadline) -> None:
        """Find out whether the CA refused a request because of the account itself.

        :param refusal: what the CA said, which is seldom that
        :raises ClosedAccountError: the account was closed
        :raises AcmeError: the account has another key, or the CA cannot be asked
        """
        self._check.explain(refusal, lambda: self._find(network, deadline))

    def _heed_limit(self) -> None:
        """Do not ask before the time that the CA named when it refused the account last."""
        failure = self._folder.read_failure()
        if failure and failure.at <= self._now() < failure.next_attempt and not self._options.force:
            raise failure.error()

    def _change_or_remember(self, network: Network, deadline: Deadline) -> None:
        try:
            self._change(network, deadline)
        except AcmeError as error:
            failure = failed_again(None, error, "", self._now())
            if failure.limited:
                # a full disk must not hide what went wrong
                with suppress(OSError):
                    self._folder.remember(failure)
            raise
        self._folder.forget_failure()

    def _change(self, network: Network, deadline: Deadline) -> None:
        # look again: another process may have done it before the lock was ours
        if self.planned_change() is None:
            return
        has_new_key = False
        if self.read().next_key:
            has_new_key = settle(self._folder, network, deadline)
            self.changed = True
        if not self.read().registered:
            has_new_key |= self.read().key is None
            self._register(network, deadline)
        try:
            self._update(network, deadline, has_new_key)
        except ProblemError as error:
            self.explain(error, network, deadline)
            if error.problem.code != "accountDoesNotExist":
                raise
            self._register(network, deadline)
            self._update(network, deadline, has_new_key)

    def _register(self, network: Network, deadline: Deadline) -> None:
        """Find the account of the key, or create it."""
        found = self._find(network, deadline)
        if found is None:
            self._require_consent(self._terms(network, deadline))
            self._require_binding(network, deadline)
            plan = self._plan()
            key = plan.recorded.key or self._folder.make_key(self._options.key_type)
            found = register(network, key, plan.contact, self._options.binding, deadline)
            # a CA may say less of the contact than it was told
            found = Registration(found.url, plan.contact)
        self._folder.record(found)
        self._check.forget()
        self.changed = True

    def _find(self, network: Network, deadline: Deadline) -> Registration | None:
        key = self.read().key
        return find(network, key, deadline) if key else None

    def _update(self, network: Network, deadline: Deadline, has_new_key: bool) -> None:
        """Bring contact and key of the registered account up to date."""
        self._use(network)
        plan = replace(self._plan(), has_new_key=has_new_key)
        contact, registration = plan.new_contact, plan.recorded.registration
        if contact is not None and registration is not None:
            update_contact(network, contact, deadline)
            self._folder.record(replace(registration, contact=contact))
            self.changed = True
        if plan.next_key_type:
            roll_over(self._folder, plan.next_key_type, network, deadline)
            self.changed = True

    def _use(self, network: Network) -> bool:
        """Let requests name the recorded account, if there is one."""
        recorded = self.read()
        if recorded.registration is None or not recorded.registered:
            return False
        network.account_key, network.account_url = recorded.key, recorded.registration.url
        return True

    def _plan(self) -> AccountPlan:
        return AccountPlan(self._options, self.read(), self._directory_url, self._now())

    def _terms(self, network: Network, deadline: Deadline) -> str:
        """Return where the CA's terms of service are, as the CA itself says."""
        where = network.meta(deadline).get("termsOfService")
        return str(where or f"meta.termsOfService in {self._directory_url}")

    def _require_consent(self, terms: str) -> None:
        if self._options.terms_agreed:
            return
        what = "there is no account yet"
        if self.read().registration:
            what = "the CA no longer knows the account that is recorded here"
        raise AcmeError(
            f"{what}, and the CA creates one only for those who agree to its terms of service. Read"
            f" them ({terms}) and set terms_agreed to true."
        )

    def _require_binding(self, network: Network, deadline: Deadline) -> None:
        required = network.meta(deadline).get("externalAccountRequired") is True
        if required and self._options.binding is None:
            raise AcmeError(
                "this CA creates accounts only for those whom it already knows"
                f" (meta.externalAccountRequired in {self._directory_url}). Set eab_kid and"
                " eab_hmac_key to what it handed out."
            )
