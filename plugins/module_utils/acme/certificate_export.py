# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand out those certificates of a storage that another host does not have."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .certificate import Certificate
from .errors import AcmeError, during
from .identifier import folder_name, normalized
from .moment import timestamp
from .pair import Pair
from .seal import SealError, seal
from .store import CertificateStore
from .travelling_pair import TravellingPair, checked, fingerprint_of, pack


@dataclass(frozen=True)
class Wish:
    """What another host asks for.

    :ivar fingerprints: what it has under each name; empty if nothing
    :ivar recipient: its public key in base64; ``None`` to be told only what differs
    :ivar renewed: in check mode, names whose certificate would have been issued before
    """

    fingerprints: Mapping[str, str]
    recipient: str | None = None
    renewed: Collection[str] = ()


@dataclass
class Handover:
    """What is handed out.

    :ivar results: one entry a name
    :ivar offered: of those that differ, what the other host has to know before it takes them
    :ivar sealed: the pairs themselves, for the recipient alone, in base64; ``None`` if none is handed out
    """

    results: list[dict[str, Any]] = field(default_factory=list)
    offered: list[dict[str, Any]] = field(default_factory=list)
    sealed: str | None = None


def hand_out(store: CertificateStore, wish: Wish) -> Handover:
    """Compare, and seal what differs.

    One name's failure is recorded with it and never stops another.

    :raises AcmeError: the recipient's key is none
    """
    handover = Handover()
    pairs: dict[str, TravellingPair] = {}
    for name, known in wish.fingerprints.items():
        result: dict[str, Any] = {
            "name": name,
            "changed": False,
            "failed": False,
            "error": None,
            "present": False,
            "exported": False,
        }
        handover.results.append(result)
        if name in wish.renewed:
            result |= {"present": True, "exported": True}
            handover.offered.append({"name": name})
            continue
        try:
            found = None if _same(store, name, known) else _pair(store, name, known)
            result["present"] = bool(known) or found is not None
        except Exception as error:  # whatever it is, the other certificates go on
            result |= {"failed": True, "error": str(error)}
            continue
        # published anew since the first look, it may be the same after all
        if found is not None and found[0].fingerprint != known:
            result["exported"] = True
            pairs[name], certificate = found
            handover.offered.append(_offer(name, pairs[name], certificate))
    if pairs and wish.recipient is not None:
        handover.sealed = _sealed(pairs, wish.recipient)
    return handover


def _same(store: CertificateStore, name: str, known: str) -> bool:
    """Whether the other host has what is here, byte for byte.

    Only what differs is worth more: to check an RSA key takes a tenth of a second, and longer.

    :raises AcmeError: the storage cannot be read
    """
    with during("storage"):
        return bool(known) and fingerprint_of(store, folder_name(normalized(name))) == known


def _pair(
    store: CertificateStore, name: str, known: str
) -> tuple[TravellingPair, Certificate] | None:
    """Read a pair that belongs together; ``None`` if there is no certificate on either host.

    :raises AcmeError: there is something else
    """
    with during("storage"):
        found = store.pair(folder_name(normalized(name)))
        if found.chain is not None or found.key is not None:
            pair = _travelling(found)
            return pair, checked(pair, normalized(name))
    if known:
        # who says nothing of that lets it run out there
        raise AcmeError("there is none any more where it is issued, while the other host has one.")
    return None


def _travelling(found: Pair) -> TravellingPair:
    if found.key is None and found.origin is not None and found.origin.key_elsewhere:
        raise AcmeError(
            "its private key is somewhere else, as it was issued for a signing request."
        )
    if found.origin is None or found.chain is None or found.key is None:
        raise AcmeError(f"{found.fault}.")
    return TravellingPair(found.chain, found.key, replace(found.origin, published=None))


def _offer(name: str, pair: TravellingPair, certificate: Certificate) -> dict[str, Any]:
    return {
        "name": name,
        "fingerprint": pair.fingerprint,
        "serial": certificate.serial,
        "not_before": timestamp(certificate.not_before),
        "not_after": timestamp(certificate.not_after),
    }


def _sealed(pairs: Mapping[str, TravellingPair], recipient: str) -> str:
    try:
        return b64encode(seal(pack(pairs), b64decode(recipient, validate=True))).decode("ascii")
    except (SealError, ValueError) as error:
        raise AcmeError("recipient is no key of acme_cert_import on the other host.") from error
