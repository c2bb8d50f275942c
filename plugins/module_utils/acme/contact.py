# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact addresses of an account."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .errors import AcmeError

_SCHEME = "mailto:"


def contact_addresses(contact: Iterable[str]) -> tuple[str, ...]:
    """Return contact addresses as URLs, the way ACME wants them (RFC 8555 section 7.3).

    :param contact: mail addresses, with or without ``mailto:``
    :raises AcmeError: one of them is no mail address
    """
    addresses = []
    for address in contact:
        bare = address[len(_SCHEME) :] if address.startswith(_SCHEME) else address
        if not re.fullmatch(r"[^@\s,?]+@[^@\s,?]+", bare):
            raise AcmeError(
                f"account_contact has {address!r}, which is no mail address. Write it as"
                " name@domain."
            )
        addresses.append(f"{_SCHEME}{bare}")
    return tuple(addresses)
