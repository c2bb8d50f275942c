# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate signing requests."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    make_key,
    public_der,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.signing_request import (
    make_signing_request,
    read_signing_request,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization


@pytest.mark.parametrize("key_type", ["P-256", "P-384", "RSA-2048"])
def test_names_are_in_the_alternative_name_only(key_type: str) -> None:
    long_name = ".".join(["a" * 63] * 3) + ".example"
    names = ["a.example", long_name]
    request = x509.load_der_x509_csr(make_signing_request(make_key(key_type), names))
    assert request.is_signature_valid
    assert list(request.subject) == []
    extension = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert extension.value.get_values_for_type(x509.DNSName) == names


@pytest.mark.parametrize("pem", [True, False])
def test_the_operators_own(tmp_path: Path, pem: bool) -> None:
    key = make_key("P-384")
    names = ["2001:db8::1", "192.0.2.1", "*.b.example", "a.example"]
    der = make_signing_request(key, names)
    path = tmp_path / "request"
    form = serialization.Encoding.PEM
    path.write_bytes(x509.load_der_x509_csr(der).public_bytes(form) if pem else der)
    request = read_signing_request(path)
    assert request.der == der
    assert request.names == tuple(sorted(names))
    assert request.public_key == public_der(key.public_key())


def without_names(path: Path) -> None:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = request.sign(make_key("P-256"), hashes.SHA256())
    path.write_bytes(signed.public_bytes(serialization.Encoding.DER))


def with_another_signature(path: Path) -> None:
    der = bytearray(make_signing_request(make_key("P-256"), ["a.example"]))
    der[-1] ^= 1
    path.write_bytes(der)


def half(path: Path) -> None:
    path.write_bytes(b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB")


def nothing(path: Path) -> None:
    assert not path.exists()


def with_a_malformed_name(path: Path) -> None:
    path.write_bytes(make_signing_request(make_key("P-256"), ["under_score.example"]))


@pytest.mark.parametrize(
    ("write", "text"),
    [
        (without_names, "no subject alternative name"),
        (with_another_signature, "the signature of the signing request"),
        (half, "not a certificate signing request"),
        (nothing, "cannot be read: No such file"),
        (with_a_malformed_name, "malformed at 'under_score'"),
    ],
)
def test_what_no_ca_would_accept(tmp_path: Path, write: object, text: str) -> None:
    assert callable(write)
    write(tmp_path / "request")
    with pytest.raises(AcmeError, match=text):
        read_signing_request(tmp_path / "request")
