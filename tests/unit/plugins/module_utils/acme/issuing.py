# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for tests: any names, any life, any key."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    PrivateKey,
    make_key,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=timezone.utc)
_CA_KEY = ec.generate_private_key(ec.SECP256R1())


def issue(
    names: Iterable[str],
    public_key: Any = None,
    not_before: datetime = NOW - timedelta(days=1),
    life: timedelta = timedelta(days=90),
    issuer_key: bytes | None = b"the key of Test CA",
    serial: int = 0x5C1F0A9D3E,
    issuer: str | None = "Test CA",
) -> bytes:
    """Return a chain of one certificate, in PEM, without a common name.

    :param issuer_key: the identifier of the issuer's key; ``None`` leaves it out
    :param issuer: the common name of who signed it; ``None`` if it is self-signed
    """
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or "itself")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]) if issuer else name)
        .issuer_name(name)
        .public_key(public_key or make_key("P-256").public_key())
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_before + life)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=True
        )
    )
    if issuer_key is not None:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier(issuer_key, None, None), critical=False
        )
    certificate = builder.sign(_CA_KEY, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)


def _general_name(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def pair(names: Iterable[str], key_type: str = "P-256", **how: Any) -> tuple[bytes, PrivateKey]:
    """Return a chain and the key that belongs to it."""
    key = make_key(key_type)
    return issue(names, key.public_key(), **how), key
