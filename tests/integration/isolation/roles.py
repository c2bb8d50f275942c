# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who there is, where they are at home, and on which hostnames: the one table of expectations."""

from __future__ import annotations

from dataclasses import dataclass, field

from bed.nginx import PRIMARY_HOSTNAME

PRIMARY = PRIMARY_HOSTNAME
A, B, DISABLED = "mail.ash.test", "mail.birch.test", "mail.cedar.test"
HOSTS = (PRIMARY, A, B, DISABLED)
# The mail domain that is linked to each virtual host
DOMAINS = {A: "ash.test", B: "birch.test", DISABLED: "cedar.test"}
UNLINKED = "free.test"
PASSWORD = "Isolation-2026"
# At home on A, and with a second factor: no role of the matrix, since it logs in otherwise
TWO_FACTORS = "two-factors@ash.test"


@dataclass(frozen=True)
class Role:
    """Somebody with an account.

    :ivar role: as Modoboa calls it
    :ivar mailbox: the domain of their mailbox
    :ivar administers: domains
    :ivar homes: where they may enter
    """

    username: str
    role: str
    homes: tuple[str, ...]
    mailbox: str = ""
    administers: tuple[str, ...] = field(default=())

    @property
    def address(self) -> str:
        """Where their mail about a forgotten password goes."""
        return f"{self.username.replace('@', '.')}@elsewhere.test"


ROLES = (
    Role("super", "SuperAdmins", HOSTS),
    Role("reseller", "Resellers", (PRIMARY,)),
    Role("reseller-of-ash", "Resellers", (PRIMARY, A), administers=("ash.test",)),
    Role("boss@ash.test", "DomainAdmins", (PRIMARY, A), "ash.test", ("ash.test",)),
    Role("user@ash.test", "SimpleUsers", (PRIMARY, A), "ash.test"),
    Role("user@birch.test", "SimpleUsers", (PRIMARY, B), "birch.test"),
    Role("helper@elsewhere.test", "DomainAdmins", (PRIMARY, B), administers=("birch.test",)),
    Role("both@ash.test", "DomainAdmins", (PRIMARY, A, B), "ash.test", ("ash.test", "birch.test")),
    Role("user@cedar.test", "SimpleUsers", (PRIMARY,), "cedar.test"),
    Role("boss@cedar.test", "DomainAdmins", (PRIMARY,), "cedar.test", ("cedar.test",)),
    Role("user@free.test", "SimpleUsers", (PRIMARY,), UNLINKED),
)
# With these two every guard is missed, and a run takes a fifth of the time
FEW_ROLES = tuple(role for role in ROLES if role.username in ("user@ash.test", "reseller"))


def at_home(role: Role, host: str) -> bool:
    """Those at home, and nobody else."""
    return host in role.homes


def super_administrators(role: Role, _host: str) -> bool:
    """Super administrators."""
    return role.role == "SuperAdmins"


def nobody(_role: Role, _host: str) -> bool:
    """Nobody, anywhere."""
    return False


def primary(_role: Role, host: str) -> bool:
    """Everybody, on the primary hostname alone."""
    return host == PRIMARY
