# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sealed for one reader: as RFC 9180 has it, and opened by nobody else."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.seal import (
    INFO,
    SealError,
    public_bytes,
    seal,
    unseal,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

KEY = X25519PrivateKey.generate()


@given(st.binary(max_size=5000))
def test_opened_by_whom_it_is_for(content: bytes) -> None:
    assert unseal(seal(content, public_bytes(KEY)), KEY) == content


def test_understood_by_the_library_and_the_other_way_round() -> None:
    hpke = pytest.importorskip("cryptography.hazmat.primitives.hpke")
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    assert suite.decrypt(seal(b"content", public_bytes(KEY)), KEY, info=INFO) == b"content"
    assert unseal(suite.encrypt(b"content", KEY.public_key(), info=INFO), KEY) == b"content"


@pytest.mark.parametrize("position", [0, 31, 32, -1])
def test_damaged(position: int) -> None:
    sealed = bytearray(seal(b"content", public_bytes(KEY)))
    sealed[position] ^= 1
    with pytest.raises(SealError, match="damaged"):
        unseal(bytes(sealed), KEY)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(32), bytes(100)])
def test_nothing_that_was_sealed(sealed: bytes) -> None:
    with pytest.raises(SealError):
        unseal(sealed, KEY)


def test_for_another_reader_or_about_something_else() -> None:
    sealed = seal(b"content", public_bytes(KEY))
    for key, info in ((X25519PrivateKey.generate(), INFO), (KEY, b"other")):
        with pytest.raises(SealError):
            unseal(sealed, key, info)


# The last one is a point with which every exchange ends in the same
@pytest.mark.parametrize("reader", [b"", b"short", bytes(32)])
def test_no_key_to_seal_with(reader: bytes) -> None:
    with pytest.raises(SealError):
        seal(b"content", reader)


def test_twice_is_never_the_same() -> None:
    assert len({seal(b"content", public_bytes(KEY)) for _time in range(5)}) == 5
