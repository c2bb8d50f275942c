# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account at the CA: one key and one URL for each directory, kept in the storage."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..files import remove_leftovers, write_file
from .errors import AcmeError, ProblemError
from .files import locked, make_directory
from .keys import AccountKey, PrivateKey, key_from_pem, key_to_pem, make_key
from .network import Network
from .waiting import Deadline

_LOCK_SECONDS = 60.0
_PRIVATE = 0o700
_CREATED = "created"
_CONTACT_UPDATED = "contact updated"


@dataclass(frozen=True)
class AccountOptions:
    """What the operator wants of the account.

    :ivar contact: addresses as the CA wants them, ``mailto:`` included; ``None`` leaves them
    """

    contact: tuple[str, ...] | None
    terms_agreed: bool
    key_type: str


@dataclass(frozen=True)
class Registration:
    """What the CA was told and what it answered, from account.json.

    :ivar url: empty once the CA has forgotten the account
    """

    url: str
    contact: tuple[str, ...]


class Account:
    """An account in ``<storage>/account/<directory>/``: ``key.pem`` and ``account.json``."""

    def __init__(self, storage: Path, directory_url: str, options: AccountOptions) -> None:
        self._path = storage / "account" / folder_name(directory_url)
        self._directory_url = directory_url
        self._options = options
        self._renewing = threading.Lock()
        self.changed = False

    @property
    def url(self) -> str | None:
        """The account's URL at the CA, ``None`` before it is registered.

        :raises OSError: the storage cannot be read
        """
        registration = self._registration()
        return (registration.url or None) if registration else None

    @property
    def thumbprint(self) -> str | None:
        """The key's thumbprint, ``None`` before there is a key.

        :raises OSError: the storage cannot be read
        """
        key = self._key()
        return AccountKey(key).thumbprint if key else None

    def planned_change(self) -> str | None:
        """Say what :meth:`ensure` would do, without asking the CA; ``None`` for nothing.

        :raises AcmeError: it would fail for want of consent
        :raises OSError: the storage cannot be read
        """
        registration = self._registration() if self._key() else None
        if registration is None or not registration.url:
            if not self._options.terms_agreed:
                raise AcmeError(
                    "there is no account yet, and the CA creates one only for those who agree to"
                    f" its terms of service. Read them (meta.termsOfService in"
                    f" {self._directory_url}) and set terms_agreed to true."
                )
            return _CREATED
        if self._options.contact not in (None, registration.contact):
            return _CONTACT_UPDATED
        return None

    def describe(self) -> str:
        """Return the recorded account for a diff, empty when there is none.

        :raises OSError: the storage cannot be read
        """
        registration = self._registration() if self._key() else None
        if registration is None or not registration.url:
            return ""
        return self._description(registration.contact)

    def describe_wanted(self) -> str:
        """Return the account for a diff as the options want it.

        :raises OSError: the storage cannot be read
        """
        return self._description(self._wanted_contact())

    def ensure(self, network: Network, deadline: Deadline) -> None:
        """Make sure that there is an account with the wanted contact, and let requests name it.

        Asks the CA only when something is missing or differs.

        :raises AcmeError: the CA refused, or its terms are not agreed to
        :raises OSError: the storage cannot be read or written
        """
        if self.planned_change():
            make_directory(self._path.parent.parent, 0o755)
            with self._lock():
                remove_leftovers(self._path)
                self._change(network, deadline)
        registration, key = self._registration(), self._key()
        if key is None or registration is None or not registration.url:
            raise AcmeError("the account vanished from the storage while it was being used")
        network.account_key = AccountKey(key)
        network.account_url = registration.url

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
            if not self._options.terms_agreed:
                raise AcmeError(
                    "the CA no longer knows the account that is recorded here, and creates it again"
                    " only for those who agree to its terms of service. Set terms_agreed to true."
                )
            with self._lock():
                registration = self._registration()
                if registration and registration.url == forgotten_url:
                    self._record("", registration.contact)
            self.ensure(network, deadline)

    def _lock(self) -> AbstractContextManager[None]:
        return locked(self._path / ".lock", _PRIVATE, _LOCK_SECONDS)

    def _change(self, network: Network, deadline: Deadline) -> None:
        # look again: another process may have done it before the lock was ours
        change = self.planned_change()
        if change is None:
            return
        # a mistyped directory leaves no key behind
        new_account = network.endpoint("newAccount", deadline)
        network.account_key = AccountKey(self._key() or self._make_key())
        if change == _CREATED:
            url = self._register(network, new_account, deadline)
        else:
            url = network.account_url = self.url
            try:
                self._tell_contact(network, deadline)
            except ProblemError as error:
                if error.problem.code != "accountDoesNotExist" or not self._options.terms_agreed:
                    raise
                url = self._register(network, new_account, deadline)
        if not url:
            raise AcmeError("the CA did not say where the new account is. Report this to the CA.")
        self._record(url, self._wanted_contact())
        self.changed = True

    def _register(self, network: Network, new_account: str, deadline: Deadline) -> str | None:
        wanted = self._wanted_contact()
        reply = network.post(
            new_account,
            {"contact": wanted, "termsOfServiceAgreed": True},
            deadline,
            what="the new account",
            key=network.account_key,
        )
        # 200 instead of 201: the CA knows the key already, and has taken no notice of the contact
        # (RFC 8555 section 7.3.1)
        if reply.status == 200 and tuple(reply.json().get("contact") or ()) != wanted:
            network.account_url = reply.location
            self._tell_contact(network, deadline)
        return reply.location

    def _tell_contact(self, network: Network, deadline: Deadline) -> None:
        if network.account_url:
            contact = {"contact": self._wanted_contact()}
            network.post(network.account_url, contact, deadline, what="the account's contact")

    def _wanted_contact(self) -> tuple[str, ...]:
        if self._options.contact is not None:
            return self._options.contact
        registration = self._registration()
        return registration.contact if registration else ()

    def _make_key(self) -> PrivateKey:
        path = self._path / "key.pem"
        if path.exists():
            # not readable as a key; it may still be of use to whoever can repair it
            path.replace(self._path / "key.pem.unreadable")
        key = make_key(self._options.key_type)
        write_file(path, key_to_pem(key), 0o600)
        return key

    def _record(self, url: str, contact: tuple[str, ...]) -> None:
        document = {"directory": self._directory_url, "url": url, "contact": contact}
        content = json.dumps(document, indent=2) + "\n"
        write_file(self._path / "account.json", content.encode(), 0o600)

    def _key(self) -> PrivateKey | None:
        try:
            return key_from_pem((self._path / "key.pem").read_bytes())
        except FileNotFoundError:
            return None

    def _registration(self) -> Registration | None:
        try:
            document: Any = json.loads((self._path / "account.json").read_bytes())
            contact = tuple(str(each) for each in document["contact"])
            if document["directory"] == self._directory_url and isinstance(document["url"], str):
                return Registration(document["url"], contact)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            # half a file, or one of another kind: as good as none, the CA knows the key
            pass
        return None

    def _description(self, contact: tuple[str, ...]) -> str:
        return f"directory: {self._directory_url}\ncontact: {', '.join(contact) or 'none'}\n"


def folder_name(directory_url: str) -> str:
    """Return the account folder's name for a CA: its host to recognise it, a digest to tell apart."""
    host = re.sub(r"[^a-z0-9.-]", "_", urlsplit(directory_url).netloc.lower())
    digest = hashlib.sha256(directory_url.encode()).hexdigest()[:8]
    return f"{host}-{digest}"


def contact_addresses(contact: list[str]) -> tuple[str, ...]:
    """Return contact addresses as URLs, the way ACME wants them (RFC 8555 section 7.3).

    :param contact: mail addresses, with or without ``mailto:``
    :raises AcmeError: one of them is no mail address
    """
    addresses = []
    for address in contact:
        bare = address[len("mailto:") :] if address.startswith("mailto:") else address
        if not re.fullmatch(r"[^@\s,?]+@[^@\s,?]+", bare):
            raise AcmeError(
                f"account_contact has {address!r}, which is no mail address. Write it as"
                " name@domain."
            )
        addresses.append(f"mailto:{bare}")
    return tuple(addresses)
