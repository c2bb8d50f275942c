# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of chain and key on their way from the host that issued them to one that serves them."""

from __future__ import annotations

import json
import stat
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .certificate import Certificate, CertificateError, read_chain
from .errors import AcmeError
from .files import read_if_there
from .keys import key_from_pem
from .pair import CHAIN, KEY, MODES, fault_of_key
from .state import Origin, digest_of
from .store import CertificateStore

# Of what is unpacked, in bytes: ten thousand certificates with long chains
_MOST = 256 * 1024 * 1024


@dataclass(frozen=True)
class TravellingPair:
    """A chain with its key, and where it came from."""

    chain: bytes
    key: bytes
    origin: Origin

    @property
    def fingerprint(self) -> str:
        """What tells this pair from every other one."""
        return digest_of(self.chain, self.key)


def fingerprint_of(store: CertificateStore, folder: str) -> str:
    """Return what tells the published pair from every other one; empty if there is none to serve.

    One with modes that let others read the key counts as none, so that it is put in place anew.

    :raises OSError: the storage cannot be read
    """
    chain = read_if_there(store.chain_path(folder))
    key = read_if_there(store.key_path(folder))
    if chain is None or key is None:
        return ""
    for name, file in ((CHAIN, chain), (KEY, key)):
        if stat.S_IMODE(file.status.st_mode) != MODES[name]:
            return ""
    return digest_of(chain.content, key.content)


def checked(pair: TravellingPair, name: str) -> Certificate:
    """Read a pair, which must be one, and for this name.

    :param name: main name, as certificates have it
    :raises AcmeError: it is not; nothing of the key is in the text
    """
    try:
        certificate = read_chain(pair.chain)
    except CertificateError as error:
        raise AcmeError(f"{CHAIN} cannot be used: {error}.") from error
    fault = fault_of_key(key_from_pem(pair.key), certificate)
    if fault is not None:
        raise AcmeError(f"{fault}.")
    if certificate.lacking([name]):
        raise AcmeError(f"{CHAIN} is for {', '.join(sorted(certificate.names)) or 'no name'}.")
    return certificate


def pack(pairs: Mapping[str, TravellingPair]) -> bytes:
    """Put pairs together, by name."""
    document = {name: _to_json(pair) for name, pair in pairs.items()}
    return zlib.compress(json.dumps(document).encode(), 1)


def unpack(content: bytes) -> dict[str, TravellingPair]:
    """Take apart what :func:`pack` returned; an entry that is no pair is left out.

    :raises AcmeError: it is something else
    """
    try:
        opened = zlib.decompressobj()
        document = json.loads(opened.decompress(content, _MOST))
        entries = document.items()
    except (zlib.error, ValueError, AttributeError) as error:
        # not a word of what is in it
        raise AcmeError(
            "what was handed over is no certificates. Use the same version of this collection on both hosts."
        ) from error
    pairs = {}
    for name, entry in entries:
        with suppress(ValueError, KeyError, TypeError):
            pairs[name] = _from_json(entry)
    return pairs


def _to_json(pair: TravellingPair) -> dict[str, Any]:
    return {
        "chain": b64encode(pair.chain).decode("ascii"),
        "key": b64encode(pair.key).decode("ascii"),
        "directory": pair.origin.directory,
        "account": pair.origin.account,
        "profile": pair.origin.profile,
        "order": pair.origin.order,
    }


def _from_json(entry: Mapping[str, Any]) -> TravellingPair:
    origin = Origin(
        directory=str(entry["directory"]),
        account=entry["account"],
        profile=entry["profile"],
        order=entry["order"],
    )
    return TravellingPair(b64decode(entry["chain"]), b64decode(entry["key"]), origin)
