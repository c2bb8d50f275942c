# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another key for the same account (RFC 8555 section 7.3.5), whatever interrupts the change.

The new key is on disk before the CA is told, and takes the old one's place afterwards. In between
the CA knows either of them: whoever finds both asks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from .account_folder import AccountFolder, Recorded
from .errors import ProblemError
from .keys import AccountKey
from .network import Network
from .registration import Registration, change_key, find
from .waiting import Deadline


@dataclass(frozen=True)
class RolloverRule:
    """When an account gets another key.

    :ivar key_type: the wanted kind; ``None`` keeps the kind that is there
    :ivar always: in every run
    :ivar max_age: days after which a key is too old; ``None`` for any age
    """

    key_type: str | None = None
    always: bool = False
    max_age: int | None = None

    def reason(self, recorded: Recorded, now: datetime) -> str | None:
        """Say why the key is to be changed; ``None`` if it is as wanted, or there is none."""
        if recorded.key is None or recorded.key_made is None:
            return None
        if self.key_type not in (None, recorded.key.key_type):
            return f"the key is {recorded.key.key_type}, {self.key_type} is wanted"
        if self.max_age is not None and now - recorded.key_made > timedelta(days=self.max_age):
            return f"the key is older than {self.max_age} days"
        return "a new key is asked for" if self.always else None

    def wanted_type(self, key: AccountKey) -> str:
        """Return the kind of the key that is to replace this one."""
        return self.key_type or key.key_type


def roll_over(folder: AccountFolder, key_type: str, network: Network, deadline: Deadline) -> None:
    """Give the account that ``network`` names another key, and let ``network`` sign with it.

    Call it with the lock held.

    :raises AcmeError: the CA refused, or cannot be asked; the old key is still there
    :raises OSError: the new key cannot be written
    """
    # a CA that cannot do it leaves no key behind
    network.endpoint("keyChange", deadline)
    registration = folder.read().registration
    new_key = folder.make_next_key(key_type)
    try:
        change_key(network, new_key, deadline)
    except ProblemError:
        # A request is sent again when its answer gets lost, and is then refused: the CA took it.
        if not settle(folder, network, deadline):
            raise
    else:
        folder.adopt_next_key(registration)
    network.account_key = new_key


def settle(folder: AccountFolder, network: Network, deadline: Deadline) -> bool:
    """Bring an interrupted change of keys to an end; call it with the lock held.

    :returns: whether the next key is the account's key now
    :raises AcmeError: the CA cannot be asked; both keys are still there
    :raises OSError: the keys cannot be renamed
    """
    recorded = folder.read()
    if recorded.next_key is None:
        return False
    found = find(network, recorded.next_key, deadline)
    if found is None and recorded.key is not None:
        folder.set_next_key_aside()
        return False
    if found and recorded.registration:
        # not every CA says which contact it has
        found = Registration(found.url, recorded.registration.contact)
    folder.adopt_next_key(found)
    return True
