# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator asks for: one certificate, its names, its key, how it is proved."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..items import Item, ItemsError, check_names
from .errors import AcmeError
from .identifier import folder_name, is_address, is_wildcard, normalized
from .signing_request import SigningRequest, read_signing_request

PRESENT = "present"
REVOKED = "revoked"
ABSENT = "absent"

WEBROOT = "webroot"
STATELESS = "stateless"
DNS = "dns"

ITEM_OPTIONS = (
    "name",
    "names",
    "state",
    "key_type",
    "reuse_key",
    "csr",
    "profile",
    "preferred_chain",
    "challenge",
)
"""The options of one certificate; all but the first two have the task's value by default."""


@dataclass(frozen=True)
class CertificateRequest:
    """One item of the list, checked.

    :ivar name: the main name, one of the names
    :ivar names: all names of the certificate, normalized and sorted
    :ivar state: ``present``, ``revoked`` or ``absent``
    :ivar csr: the operator's own signing request, whose key is somewhere else
    :ivar error: why nothing can be done about it on this host
    """

    name: str
    names: tuple[str, ...]
    key_type: str = "P-256"
    state: str = PRESENT
    reuse_key: bool = False
    csr: SigningRequest | None = None
    profile: str | None = None
    preferred_chain: str | None = None
    challenge: str = WEBROOT
    error: AcmeError | None = None

    @property
    def folder(self) -> str:
        """The name of its folder in the storage."""
        return folder_name(self.name)

    def terms(self, directory: str) -> str:
        """Return a digest of all that matters to an order.

        :param directory: the ACME directory that is asked
        """
        key = self.csr.public_key.hex() if self.csr else self.key_type
        terms = [directory, self.names, self.profile, key, self.challenge]
        return sha256(json.dumps(terms).encode()).hexdigest()[:32]


def read_requests(
    items: Sequence[Item], defaults: Mapping[str, Any], challenges: Collection[str]
) -> list[CertificateRequest]:
    """Check the whole list before anything is touched.

    :param items: with ``ITEM_OPTIONS``
    :param defaults: the task's values, for items that have none of their own
    :param challenges: those that the task says how to answer
    :raises AcmeError: something makes no sense, or is there twice; every such item is named
    """
    requests = []
    problems = []
    for item in items:
        given = {option: item.get(option) for option in ITEM_OPTIONS[2:]}
        options = {
            option: defaults[option] if value is None else value for option, value in given.items()
        }
        try:
            requests.append(_request(item, options, challenges))
        except AcmeError as error:
            problems.append(str(error))
    try:
        check_names([{"name": request.name} for request in requests])
    except ItemsError as error:
        problems.insert(0, f"{error}.")
    if problems:
        raise AcmeError(" ".join(problems))
    return requests


def _request(
    item: Item, options: Mapping[str, Any], challenges: Collection[str]
) -> CertificateRequest:
    name = normalized(item["name"])
    names = {name, *(normalized(each) for each in item.get("names") or [])}
    csr, error = None, None
    if options["csr"] and options["state"] == PRESENT:
        try:
            csr = read_signing_request(Path(options["csr"]))
        except AcmeError as found:
            error = found
    if csr is not None:
        if item.get("names") or name not in csr.names:
            raise AcmeError(
                f"{name}: the names of a certificate for a signing request are those of the"
                f" request, {', '.join(csr.names)}. Take one of them as name, and leave out names."
            )
        names = set(csr.names)
    if options["state"] == PRESENT:
        _check_challenge(name, names, options["challenge"], challenges)
    return CertificateRequest(
        name=name,
        names=tuple(sorted(names)),
        **{**options, "csr": csr, "error": error},
    )


def _check_challenge(
    name: str, names: Collection[str], challenge: str, challenges: Collection[str]
) -> None:
    if challenge == DNS:
        if DNS not in challenges:
            raise AcmeError(f"{name}: challenge is dns, which needs a dns_hook.")
        addresses = sorted(each for each in names if is_address(each))
        if addresses:
            raise AcmeError(
                f"{name}: {addresses[0]} is an address, which DNS cannot prove (RFC 8738 section"
                " 7). Choose another challenge."
            )
        return
    wildcards = sorted(each for each in names if is_wildcard(each))
    if wildcards:
        raise AcmeError(
            f"{name}: {wildcards[0]} is a wildcard, which only the challenge dns can prove. Choose"
            " that, or list the names one by one."
        )
