# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seal something for one reader, so that nobody on the way can read it (HPKE, RFC 9180).

Base mode, one message: X25519, HKDF with SHA-256, ChaCha20-Poly1305. The library has it itself from version 47
on, while Debian 12 has 38; the two understand each other. Who has sealed it, base mode does not prove: that is for
ssh and the controller to see to.
"""

from __future__ import annotations

import hmac
from contextlib import suppress

with suppress(ImportError):  # libraries.py says what is missing
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# The numbers of RFC 9180 section 7
_KEM = b"KEM\x00\x20"
_HPKE = b"HPKE\x00\x20\x00\x01\x00\x03"
_VERSION = b"HPKE-v1"
_BASE_MODE = b"\x00"
_KEY_LENGTH = 32
_NONCE_LENGTH = 12
# What this collection's messages are about; another use of the same keys cannot be mistaken for it
INFO = b"mailhost.modoboa certificates 1"


class SealError(ValueError):
    """What was sealed cannot be opened: it is for another reader, or not what was sent."""


def seal(content: bytes, reader: bytes, info: bytes = INFO) -> bytes:
    """Seal something for the owner of a key.

    :param reader: the public key, 32 bytes
    :param info: what the message is about
    :raises SealError: the public key is none
    """
    try:
        public = X25519PublicKey.from_public_bytes(reader)
        ephemeral = X25519PrivateKey.generate()
        exchanged = ephemeral.exchange(public)
    except ValueError as error:
        raise SealError("the reader's public key is no X25519 key") from error
    sender = public_bytes(ephemeral)
    key, nonce = _key_and_nonce(exchanged, sender + reader, info)
    return sender + ChaCha20Poly1305(key).encrypt(nonce, content, b"")


def unseal(sealed: bytes, key: X25519PrivateKey, info: bytes = INFO) -> bytes:
    """Open what :func:`seal` returned.

    :param key: the reader's private key
    :raises SealError: it cannot be opened
    """
    sender, encrypted = sealed[:_KEY_LENGTH], sealed[_KEY_LENGTH:]
    try:
        exchanged = key.exchange(X25519PublicKey.from_public_bytes(sender))
        secret, nonce = _key_and_nonce(exchanged, sender + public_bytes(key), info)
        return ChaCha20Poly1305(secret).decrypt(nonce, encrypted, b"")
    except (InvalidTag, ValueError) as error:
        raise SealError("it was sealed for another reader, or is damaged") from error


def public_bytes(key: X25519PrivateKey) -> bytes:
    """Return the public key that belongs to a private one, 32 bytes."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _key_and_nonce(exchanged: bytes, context: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Derive what encrypts the message (RFC 9180 sections 4.1 and 5.1)."""
    extracted = _extract(_KEM, b"", b"eae_prk", exchanged)
    shared = _expand(_KEM, extracted, b"shared_secret", context, _KEY_LENGTH)
    schedule = (
        _BASE_MODE
        + _extract(_HPKE, b"", b"psk_id_hash", b"")
        + _extract(_HPKE, b"", b"info_hash", info)
    )
    secret = _extract(_HPKE, shared, b"secret", b"")
    return (
        _expand(_HPKE, secret, b"key", schedule, _KEY_LENGTH),
        _expand(_HPKE, secret, b"base_nonce", schedule, _NONCE_LENGTH),
    )


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt, _VERSION + suite + label + material, "sha256")


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labeled = length.to_bytes(2, "big") + _VERSION + suite + label + info
    return HKDFExpand(hashes.SHA256(), length, labeled).derive(key)
