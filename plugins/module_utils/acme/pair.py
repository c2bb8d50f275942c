# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A published pair as it is on disk: chain, private key, and the record of where they came from."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..files import Ownership
from .certificate import Certificate, CertificateError, read_chain
from .files import File, read_if_there
from .keys import PrivateKey, key_from_pem, public_der
from .state import Origin, digest_of, read_state

CHAIN = "fullchain.pem"
KEY = "privkey.pem"
STATE = "state.json"
NO_CERTIFICATE = "there is no certificate"
MODES = {CHAIN: 0o644, KEY: 0o600, STATE: 0o644}


@dataclass(frozen=True)
class Pair:
    """What is published, or why it cannot be used.

    :ivar exists: there is one of the files at least
    :ivar certificate: the first one of the chain, if chain and key belong together
    :ivar readable: the first one of a chain that can be read, whatever its key is like
    :ivar origin: where it came from
    :ivar fault: what is missing or wrong, for the reader; whoever has it needs a new certificate
    :ivar modes_fit: modes and owner of the files are as they should be
    :ivar chain: what is in its file; ``None`` if there is none
    :ivar key: the same of the key
    """

    exists: bool = True
    certificate: Certificate | None = None
    readable: Certificate | None = None
    origin: Origin | None = None
    fault: str | None = None
    modes_fit: bool = True
    chain: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)


def read_pair(folder: Path, ownership: Ownership) -> Pair:
    """Read the pair in a folder; what cannot be used counts as unknown.

    :param ownership: whom the files should belong to
    :raises OSError: the folder cannot be read
    """
    pair = _read_once(folder, ownership)
    if pair.exists and pair.fault:
        # another run may have published in between: chain and key are read one after the other
        pair = _read_once(folder, ownership)
    return pair


def fault_of_key(
    key: PrivateKey | None, certificate: Certificate, file: object = KEY, chain: object = CHAIN
) -> str | None:
    """Say why a key cannot be used with a certificate, ``None`` if it can.

    :param key: what was read from a file; ``None`` if that could not be
    :param file: what to call the file of the key
    :param chain: what to call that of the certificate
    :returns: nothing of the key is in the text
    """
    if key is None:
        return f"{file} cannot be used: it holds no private key in PEM without a password"
    if public_der(key.public_key()) != certificate.public_key:
        return f"{file} does not belong to {chain}"
    return None


def _read_once(folder: Path, ownership: Ownership) -> Pair:
    files = {file: read_if_there(folder / file) for file in MODES}
    chain, key, content = (_content(files[file]) for file in (CHAIN, KEY, STATE))
    state = read_state(content)
    key_elsewhere = state is not None and state.origin.key_elsewhere
    if key_elsewhere:
        key = None
    if state and state.certificate and chain and state.digest == digest_of(chain, key):
        found = Pair(certificate=state.certificate, readable=state.certificate)
    else:
        found = _judge(chain, key, key_elsewhere=key_elsewhere)
    if found.fault is None and state is None:
        fault = f"{STATE} is missing or damaged, so the issuing CA is unknown"
        found = replace(found, fault=fault)
    return replace(
        found,
        exists=any(files.values()),
        origin=state.origin if state else None,
        modes_fit=found.fault is not None or _modes_fit(files, ownership),
        chain=chain,
        key=_content(files[KEY]),
    )


def _judge(chain: bytes | None, key: bytes | None, *, key_elsewhere: bool) -> Pair:
    if chain is None:
        return Pair(fault=NO_CERTIFICATE if key is None else f"{CHAIN} is missing")
    try:
        certificate = read_chain(chain)
    except CertificateError as error:
        return Pair(fault=f"{CHAIN} cannot be used: {error}")
    fault = None
    if key is None and not key_elsewhere:
        fault = f"{KEY} is missing"
    elif key is not None:
        fault = fault_of_key(key_from_pem(key), certificate)
    return Pair(certificate=None if fault else certificate, readable=certificate, fault=fault)


def _modes_fit(files: Mapping[str, File | None], ownership: Ownership) -> bool:
    return all(
        stat.S_IMODE(found.status.st_mode) == MODES[file] and ownership.fits(found.status)
        for file, found in files.items()
        if found is not None
    )


def _content(file: File | None) -> bytes | None:
    return file.content if file else None
