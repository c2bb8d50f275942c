# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator asks for: one certificate, its names and its key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..hostname import HostnameError, check_hostname
from ..items import Item, ItemsError, check_names
from .errors import AcmeError


@dataclass(frozen=True)
class CertificateRequest:
    """One item of the list, checked.

    :ivar name: names the folder in the storage, and is one of the names
    :ivar names: all names of the certificate, sorted
    :ivar present: whether the certificate is to be there or to be removed
    """

    name: str
    names: tuple[str, ...]
    key_type: str
    present: bool = True

    @classmethod
    def from_item(cls, item: Item, key_type: str, state: str) -> CertificateRequest:
        """Check one item as the module gets it.

        :param item: ``name``, ``names``, ``key_type``, ``state``
        :param key_type: for an item that names none
        :param state: for an item that names none
        :raises AcmeError: a name is malformed
        """
        names = {item["name"], *(item.get("names") or [])}
        for name in sorted(names):
            if name.startswith("*."):
                raise AcmeError(
                    f"{name} is a wildcard, which no HTTP-01 challenge can prove. List the names"
                    " one by one."
                )
            try:
                check_hostname(name)
            except HostnameError as error:
                raise AcmeError(f"{error}.") from error
        return cls(
            name=item["name"],
            names=tuple(sorted(names)),
            key_type=item.get("key_type") or key_type,
            present=(item.get("state") or state) == "present",
        )


def read_requests(items: Sequence[Item], key_type: str, state: str) -> list[CertificateRequest]:
    """Check the whole list before anything is touched.

    :raises AcmeError: a name is malformed or there twice; every such item is named
    """
    requests = []
    problems = []
    try:
        check_names(items)
    except ItemsError as error:
        problems.append(f"{error}.")
    for item in items:
        try:
            requests.append(CertificateRequest.from_item(item, key_type, state))
        except AcmeError as error:
            problems.append(str(error))
    if problems:
        raise AcmeError(" ".join(problems))
    return requests
