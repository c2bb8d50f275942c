# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from acme import jws
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    ACCOUNT_KEY_TYPES,
    CERTIFICATE_KEY_TYPES,
    AccountKey,
    base64url,
    key_from_pem,
    key_to_pem,
    key_type_of,
    make_key,
    public_der,
)
from cryptography.hazmat.primitives.asymmetric import ec, ed25519


@pytest.mark.parametrize("key_type", CERTIFICATE_KEY_TYPES)
def test_there_and_back(key_type: str) -> None:
    key = make_key(key_type)
    assert key_type_of(key.public_key()) == key_type
    pem = key_to_pem(key)
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    read = key_from_pem(pem)
    assert read is not None
    assert public_der(read.public_key()) == public_der(key.public_key())


@pytest.mark.parametrize("pem", [b"", b"\0", b"-----BEGIN PRIVATE KEY-----\nMIIB\n"])
def test_what_is_no_key(pem: bytes) -> None:
    assert key_from_pem(pem) is None


@pytest.mark.parametrize(
    ("content", "text"), [(b"", ""), (b"\xfb\xff\xfe", "-__-"), (b"\0", "AA"), (b"\0\1", "AAE")]
)
def test_binary_as_jose_writes_it(content: bytes, text: str) -> None:
    assert base64url(content) == text


def test_other_kinds_are_named_and_not_used() -> None:
    other = ed25519.Ed25519PrivateKey.generate()
    assert "Ed25519" in key_type_of(other.public_key())
    unusual = ec.generate_private_key(ec.SECP521R1())
    assert key_type_of(unusual.public_key()) == "P-521"
    with pytest.raises(AcmeError, match="P-521 are not supported"):
        AccountKey(unusual)


def test_thumbprint_is_that_of_the_standard() -> None:
    key = make_key("P-256")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    numbers = key.public_key().public_numbers()
    x, y = (
        urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
        for number in (numbers.x, numbers.y)
    )
    # RFC 7638 section 3: these members, in this order, without spaces
    jwk = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
    digest = hashlib.sha256(jwk.encode()).digest()
    assert AccountKey(key).thumbprint == urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize("key_type", [*ACCOUNT_KEY_TYPES[:2], "P-384"])
def test_account_keys(key_type: str) -> None:
    key = AccountKey(make_key(key_type))
    assert key.key_type == key_type
    assert len(key.thumbprint) == 43


@pytest.mark.parametrize("key_type", ACCOUNT_KEY_TYPES[:2])
def test_the_public_key_holds_nothing_private(key_type: str) -> None:
    members = AccountKey(make_key(key_type)).public_jwk().keys()
    assert members == ({"kty", "e", "n"} if "RSA" in key_type else {"kty", "crv", "x", "y"})


@pytest.mark.parametrize("key_type", ACCOUNT_KEY_TYPES[:2])
def test_signed_for_the_inside_of_another_request(key_type: str) -> None:
    key = AccountKey(make_key(key_type))
    signed = key.sign_inner({"account": "https://ca.test/1"}, "https://ca.test/keyChange")
    assert signed.keys() == {"protected", "payload", "signature"}
    protected, payload = (
        json.loads(urlsafe_b64decode(signed[part] + "==")) for part in ("protected", "payload")
    )
    assert protected.keys() == {"alg", "jwk", "url"}
    assert protected["jwk"] == key.public_jwk()
    assert payload == {"account": "https://ca.test/1"}
    assert jws.JWS.from_json(signed).verify(key.jwk.public_key())
