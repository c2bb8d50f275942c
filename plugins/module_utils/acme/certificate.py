# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and requests for them, as X.509 has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import cast

from .keys import PrivateKey, key_type_of, public_der, signature_hash

with suppress(ImportError):  # libraries.py says what is missing
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

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
    """

    names: frozenset[str]
    key_type: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    public_key: bytes


def read_chain(pem: bytes) -> Certificate:
    """Read a chain, leaf first.

    :param pem: concatenated PEM certificates
    :raises CertificateError: there is none, or one of them is damaged
    """
    blocks = _PEM_CERTIFICATE.findall(pem)
    if not blocks or len(blocks) != pem.count(b"-----BEGIN CERTIFICATE-----"):
        raise CertificateError("it is not a whole chain of PEM certificates")
    try:
        leaf, *_chain = [x509.load_pem_x509_certificate(block) for block in blocks]
        public_key = leaf.public_key()
        return Certificate(
            names=_names(leaf),
            key_type=key_type_of(public_key),
            issuer=leaf.issuer.rfc4514_string(),
            serial=f"{leaf.serial_number:x}",
            not_before=_moment(leaf, "not_valid_before"),
            not_after=_moment(leaf, "not_valid_after"),
            public_key=public_der(public_key),
        )
    except Exception as error:  # cryptography raises a dozen kinds on damaged input
        raise CertificateError("a certificate in it is damaged") from error


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


def signing_request(key: PrivateKey, names: Iterable[str]) -> bytes:
    """Return a certificate signing request in DER (RFC 8555 section 7.4).

    The subject stays empty: names count in the subject alternative name only, and a common name
    is limited to 64 characters.

    :param names: DNS names
    """
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(alternative, critical=False)
        .sign(key, signature_hash(key))
    )
    return request.public_bytes(serialization.Encoding.DER)


def timestamp(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, in whole seconds, the way all results write it."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
