# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate on disk, and its numbers."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.certificate import (
    Certificate,
    on_disk,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM


def make(
    serial: int = 1, end: datetime.datetime | None = None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a.example.com")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(end or start + datetime.timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def pem_of(key: ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, encryption)


class Files:
    """A chain and a key in a folder."""

    def __init__(self, folder: Path) -> None:
        self.fullchain = folder / "fullchain.pem"
        self.private_key = folder / "privkey.pem"
        self.certificate, self.key = make()
        other, _key = make(2)
        self.fullchain.write_bytes(self.certificate.public_bytes(PEM) + other.public_bytes(PEM))
        self.private_key.write_bytes(pem_of(self.key))

    def on_disk(self, in_use: bool = False) -> Certificate | None:
        return on_disk(str(self.fullchain), str(self.private_key), in_use)


@pytest.fixture
def pair(tmp_path: Path) -> Files:
    """A good pair."""
    return Files(tmp_path)


@pytest.mark.parametrize("in_use", [False, True])
def test_the_leaf_comes_first(pair: Files, in_use: bool) -> None:
    found = pair.on_disk(in_use)
    assert found is not None
    assert found.der == pair.certificate.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("in_use", [False, True])
def test_a_file_is_missing(pair: Files, in_use: bool) -> None:
    pair.private_key.unlink()
    assert pair.on_disk(in_use) is None
    pair.fullchain.unlink()
    assert pair.on_disk(in_use) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"rubbish", b"\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
)
@pytest.mark.parametrize("in_use", [False, True])
def test_rubbish(pair: Files, content: bytes, in_use: bool) -> None:
    pair.fullchain.write_bytes(content)
    assert pair.on_disk(in_use) is None


def test_the_key_of_another(pair: Files) -> None:
    pair.private_key.write_bytes(pem_of(make()[1]))
    assert pair.on_disk() is None


def test_a_key_with_a_password_asks_nobody(pair: Files) -> None:
    pair.private_key.write_bytes(pem_of(pair.key, b"secret"))
    assert pair.on_disk() is None


@pytest.mark.parametrize("serial", [1, 0x7F, 0x80, 0xFF00, 2**159 - 1])
@pytest.mark.parametrize("year", [2026, 2049, 2050, 2150])
def test_numbers(serial: int, year: int) -> None:
    end = datetime.datetime(year, 12, 31, 23, 59, 58, tzinfo=datetime.timezone.utc)
    der = make(serial, end)[0].public_bytes(serialization.Encoding.DER)
    assert Certificate(der).summary() == {
        "serial": f"{serial:x}",
        "not_after": f"{year}-12-31T23:59:58Z",
    }


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x05\x01", b"\x30\x02\x30\x00", b"\x30\x80"])
def test_no_certificate(der: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut off|unpack"):
        Certificate(der).summary()
