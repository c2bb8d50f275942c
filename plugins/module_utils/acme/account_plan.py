# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done with an account, decided from what is recorded, without asking the CA."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from .account_folder import Recorded
from .binding import Binding
from .keys import AccountKey
from .rollover import RolloverRule


@dataclass(frozen=True)
class AccountOptions:
    """What the operator wants of the account.

    :ivar contact: addresses as the CA wants them, ``mailto:`` included; ``None`` leaves them
    :ivar key_type: of a key that is made because there is none
    :ivar binding: for a new account
    :ivar rollover: when to change the key; ``None`` never does
    :ivar force: ask the CA also before the time that it named when it refused
    """

    contact: tuple[str, ...] | None
    terms_agreed: bool
    key_type: str
    binding: Binding | None = None
    rollover: RolloverRule | None = None
    force: bool = False


@dataclass(frozen=True)
class AccountPlan:
    """The options beside what is recorded.

    :ivar directory: URL of the CA's directory
    :ivar has_new_key: this run has given the account another key already
    """

    options: AccountOptions
    recorded: Recorded
    directory: str
    now: datetime
    has_new_key: bool = False

    @property
    def new_contact(self) -> tuple[str, ...] | None:
        """The contact that the CA is to be told, ``None`` if it has the wanted one."""
        wanted, registration = self.options.contact, self.recorded.registration
        return wanted if registration and wanted != registration.contact else None

    @property
    def contact(self) -> tuple[str, ...]:
        """The contact that the account is to have."""
        if self.options.contact is not None:
            return self.options.contact
        registration = self.recorded.registration
        return registration.contact if registration else ()

    @property
    def next_key_type(self) -> str | None:
        """The kind of the key that the account is to change to, ``None`` if it keeps its key."""
        rule, key = self.options.rollover, self.recorded.key
        return rule.wanted_type(key) if rule and key and self._rollover_reason() else None

    def reason(self) -> str | None:
        """Say what is to be done and why; ``None`` for nothing."""
        if self.recorded.next_key:
            return "a change of keys that was interrupted is brought to an end"
        reasons = [
            self._registration_reason(),
            "the contact differs" if self.new_contact is not None else None,
            self._rollover_reason(),
        ]
        return "; ".join(reason for reason in reasons if reason) or None

    def before(self) -> str:
        """Return what is recorded for a diff: the account, only its key, or nothing."""
        registration, key = self.recorded.registration, self.recorded.key
        if key is None:
            return ""
        contact = registration.contact if registration and self.recorded.registered else None
        return self._description(
            None if contact is None else _contact_text(contact), _key_text(key)
        )

    def after(self) -> str:
        """Return the account for a diff as it is to be."""
        key = self.recorded.key
        if self.recorded.next_key:
            text = "the one of two that the CA knows"
        elif self.next_key_type or key is None:
            text = f"a new one, {self.next_key_type or self.options.key_type}"
        else:
            text = _key_text(key)
        if self.options.contact is None and key and self.recorded.registration is None:
            return self._description("what the CA has, if it knows the key", text)
        return self._description(_contact_text(self.contact), text)

    def _registration_reason(self) -> str | None:
        if self.recorded.registered:
            return None
        if self.recorded.registration:
            return "the CA no longer knows the account"
        return "no account is recorded here"

    def _rollover_reason(self) -> str | None:
        rule = self.options.rollover
        if rule and self.has_new_key:
            rule = replace(rule, always=False)
        return rule.reason(self.recorded, self.now) if rule else None

    def _description(self, contact: str | None, key: str) -> str:
        account = "" if contact is None else f"contact: {contact}\n"
        return f"directory: {self.directory}\n{account}key: {key}\n"


def _contact_text(contact: tuple[str, ...]) -> str:
    return ", ".join(contact) or "none"


def _key_text(key: AccountKey) -> str:
    return f"{key.key_type}, thumbprint {key.thumbprint}"
