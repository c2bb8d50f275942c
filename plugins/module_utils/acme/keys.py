# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys: their kinds, their making, their place in PEM files and in JOSE."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Union

from .errors import AcmeError

with suppress(ImportError):  # libraries.py says what is missing
    import josepy
    from acme import jws
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

ACCOUNT_KEY_TYPES = ("P-256", "RSA-2048", "RSA-3072", "RSA-4096")
CERTIFICATE_KEY_TYPES = ("P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096")

PrivateKey = Union["ec.EllipticCurvePrivateKey", "rsa.RSAPrivateKey"]

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def base64url(content: bytes) -> str:
    """Return base64url without padding, as JOSE writes everything binary (RFC 7515 section 2)."""
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def make_key(key_type: str) -> PrivateKey:
    """Make a private key.

    :param key_type: one of ``CERTIFICATE_KEY_TYPES``
    """
    if key_type == "P-256":
        return ec.generate_private_key(ec.SECP256R1())
    if key_type == "P-384":
        return ec.generate_private_key(ec.SECP384R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=int(key_type[len("RSA-") :]))


def key_type_of(public_key: object) -> str:
    """Return the kind of a public key as the options write it, or the class name of another."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return _CURVES.get(public_key.curve.name, public_key.curve.name)
    if isinstance(public_key, rsa.RSAPublicKey):
        return f"RSA-{public_key.key_size}"
    return type(public_key).__name__.lstrip("_")


def key_to_pem(key: PrivateKey) -> bytes:
    """Return the key as unencrypted PKCS #8, which every web server reads."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def key_from_pem(pem: bytes) -> PrivateKey | None:
    """Read a private key; ``None`` if the text holds no key that can be used here."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        return key
    return None


def public_der(public_key: Any) -> bytes:
    """Return a public key in the one form in which two of them can be compared."""
    der: bytes = public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return der


def signature_hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    """Return the digest to sign a request for this key with."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size > 256:
        return hashes.SHA384()
    return hashes.SHA256()


class AccountKey:
    """The key that signs every request of an account (RFC 8555 section 6.2)."""

    def __init__(self, key: PrivateKey) -> None:
        """Wrap a P-256 or RSA key.

        :raises AcmeError: the key is of another kind
        """
        self.key_type = key_type_of(key.public_key())
        self.jwk: josepy.JWK
        self.algorithm: josepy.JWASignature
        if isinstance(key, rsa.RSAPrivateKey):
            self.jwk = josepy.JWKRSA(key=josepy.ComparableRSAKey(key))
            self.algorithm = josepy.RS256
        elif key.curve.name == "secp256r1":
            self.jwk = josepy.JWKEC(key=josepy.ComparableECKey(key))
            self.algorithm = josepy.ES256
        elif key.curve.name == "secp384r1":
            self.jwk = josepy.JWKEC(key=josepy.ComparableECKey(key))
            self.algorithm = josepy.ES384
        else:
            raise AcmeError(
                f"account keys of type {self.key_type} are not supported; use one of"
                f" {', '.join(ACCOUNT_KEY_TYPES)}"
            )

    @property
    def thumbprint(self) -> str:
        """The RFC 7638 thumbprint, in base64url: the second half of every key authorization."""
        return base64url(self.jwk.thumbprint())

    def public_jwk(self) -> dict[str, Any]:
        """Return the public key as JSON (RFC 7517)."""
        document: dict[str, Any] = self.jwk.public_key().to_json()
        return document

    def sign_inner(self, payload: Mapping[str, Any], url: str) -> dict[str, Any]:
        """Sign what goes inside another request: with the key itself and without a nonce.

        :param url: of the request around it (RFC 8555 section 7.3.5)
        """
        signed = jws.JWS.sign(
            json.dumps(payload).encode(), key=self.jwk, alg=self.algorithm, nonce=None, url=url
        )
        document: dict[str, Any] = json.loads(signed.json_dumps())
        return document
