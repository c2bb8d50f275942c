# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate signing requests: made for an order, or the operator's own (RFC 2986)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import AcmeError
from .identifier import is_address, normalized
from .keys import PrivateKey, public_der, signature_hash

with suppress(ImportError):  # libraries.py says what is missing
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization


@dataclass(frozen=True)
class SigningRequest:
    """A request whose private key is somewhere else.

    :ivar der: as it is handed to the CA
    :ivar names: normalized, sorted
    :ivar public_key: as ``public_der`` gives it
    """

    der: bytes
    names: tuple[str, ...]
    public_key: bytes


def make_signing_request(key: PrivateKey, names: Iterable[str]) -> bytes:
    """Return a certificate signing request in DER (RFC 8555 section 7.4).

    The subject stays empty: names count in the subject alternative name only, and a common name
    is limited to 64 characters.

    :param names: normalized
    """
    alternative = x509.SubjectAlternativeName([_general_name(name) for name in names])
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(alternative, critical=False)
        .sign(key, signature_hash(key))
    )
    return request.public_bytes(serialization.Encoding.DER)


def read_signing_request(path: Path) -> SigningRequest:
    """Read a signing request in PEM or DER.

    :raises AcmeError: the file cannot be read, or holds no request that a CA would accept
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AcmeError(f"the signing request {path} cannot be read: {error.strerror}.") from error
    try:
        pem = b"-----BEGIN" in content
        request = x509.load_pem_x509_csr(content) if pem else x509.load_der_x509_csr(content)
        valid = request.is_signature_valid
        names = _names(request)
    except AcmeError:
        raise
    except Exception as error:  # cryptography raises a dozen kinds on damaged input
        raise AcmeError(f"{path} is not a certificate signing request in PEM or DER.") from error
    if not valid:
        raise AcmeError(f"the signature of the signing request {path} is wrong. Make a new one.")
    if not names:
        raise AcmeError(
            f"the signing request {path} has no subject alternative name. CAs look at nothing"
            " else: make one that has the names there."
        )
    return SigningRequest(
        der=request.public_bytes(serialization.Encoding.DER),
        names=names,
        public_key=public_der(request.public_key()),
    )


def _general_name(name: str) -> x509.GeneralName:
    if is_address(name):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _names(request: x509.CertificateSigningRequest) -> tuple[str, ...]:
    try:
        extension = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(sorted({normalized(str(name.value).lower()) for name in extension.value}))
