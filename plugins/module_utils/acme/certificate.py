# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and their chains, as X.509 has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import cast

from .identifier import unserved
from .keys import base64url, key_type_of, public_der

with suppress(ImportError):  # libraries.py says what is missing
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import NameOID

# cryptography 38 of Debian 12 cannot split a chain itself
_PEM_CERTIFICATE = re.compile(
    rb"-----BEGIN CERTIFICATE-----\s.*?-----END CERTIFICATE-----", re.DOTALL
)


class CertificateError(ValueError):
    """The text holds no certificate that can be read; the message says which part is wrong."""


@dataclass(frozen=True)
class Certificate:
    """What matters of the first certificate of a chain.

    Names are those of the subject alternative name only: newer profiles leave the subject empty.

    :ivar public_key: as ``public_der`` gives it
    :ivar renewal_id: what the CA calls it when asked for renewal information (RFC 9773 section
        4.1); ``None`` if it does not name its issuer's key
    """

    names: frozenset[str]
    key_type: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    public_key: bytes
    renewal_id: str | None = None

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Return the names that it does not serve, sorted; a wildcard serves one label."""
        return unserved(names, self.names)


def read_chain(pem: bytes) -> Certificate:
    """Read a chain, leaf first.

    :param pem: concatenated PEM certificates
    :raises CertificateError: there is none, or one of them is damaged
    """
    try:
        leaf, *_chain = _split(pem)
        public_key = leaf.public_key()
        return Certificate(
            names=_names(leaf),
            key_type=key_type_of(public_key),
            issuer=leaf.issuer.rfc4514_string(),
            serial=f"{leaf.serial_number:x}",
            not_before=_moment(leaf, "not_valid_before"),
            not_after=_moment(leaf, "not_valid_after"),
            public_key=public_der(public_key),
            renewal_id=_renewal_id(leaf),
        )
    except CertificateError:
        raise
    except Exception as error:  # cryptography raises a dozen kinds on damaged input
        raise CertificateError("a certificate in it is damaged") from error


def chain_in(pem: bytes) -> bytes:
    """Return the certificates of a file and nothing else: there may be a private key among them."""
    return b"".join(block + b"\n" for block in _PEM_CERTIFICATE.findall(pem))


def leaf_der(pem: bytes) -> bytes:
    """Return the first certificate of a chain in DER, as a revocation names it.

    :raises CertificateError: there is none
    """
    return _split(pem)[0].public_bytes(serialization.Encoding.DER)


def is_self_signed(pem: bytes) -> bool:
    """Say whether no CA vouches for the first certificate of a chain.

    :raises CertificateError: there is none
    """
    leaf = _split(pem)[0]
    return leaf.issuer == leaf.subject


def root_of(pem: bytes) -> str:
    """Return the common name of who signed the last certificate of a chain.

    Without a common name it is the whole name, in RFC 4514 form.

    :raises CertificateError: it is not a chain
    """
    issuer = _split(pem)[-1].issuer
    common_names = issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common_names[0].value) if common_names else issuer.rfc4514_string()


def _split(pem: bytes) -> list[x509.Certificate]:
    blocks = _PEM_CERTIFICATE.findall(pem)
    if not blocks or len(blocks) != pem.count(b"-----BEGIN CERTIFICATE-----"):
        raise CertificateError("it is not a whole chain of PEM certificates")
    try:
        return [x509.load_pem_x509_certificate(block) for block in blocks]
    except ValueError as error:
        raise CertificateError("a certificate in it is damaged") from error


def _renewal_id(leaf: x509.Certificate) -> str | None:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    issuer_key = extension.value.key_identifier
    if not issuer_key:
        return None
    # as in DER: the first bit of a positive number is 0
    serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1, "big")
    return f"{base64url(issuer_key)}.{base64url(serial)}"


def _names(leaf: x509.Certificate) -> frozenset[str]:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(str(name.value).lower() for name in extension.value)


def _moment(leaf: x509.Certificate, attribute: str) -> datetime:
    # cryptography has had the aware form since 42 and is about to drop the other one
    aware = getattr(leaf, f"{attribute}_utc", None)
    if aware is None:
        aware = getattr(leaf, attribute).replace(tzinfo=timezone.utc)
    return cast(datetime, aware)
