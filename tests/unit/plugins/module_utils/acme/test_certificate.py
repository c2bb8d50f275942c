# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and requests for them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import (
    CertificateError,
    read_chain,
    signing_request,
    timestamp,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import make_key
from cryptography import x509
from unit.plugins.module_utils.acme.issuing import NOW, issue


def test_the_leaf_is_read() -> None:
    leaf, issuer = issue(["b.example", "A.example"]), issue(["ca.example"])
    certificate = read_chain(leaf + issuer)
    assert certificate.names == {"a.example", "b.example"}
    assert certificate.issuer == "CN=Test CA"
    assert certificate.serial == "5c1f0a9d3e"
    assert certificate.not_before == NOW - timedelta(days=1)
    assert certificate.not_after == NOW + timedelta(days=89)
    assert certificate.key_type == "P-256"


@pytest.mark.parametrize("pem", [b"", b"nonsense", issue(["a.example"])[:200]])
def test_what_is_no_chain(pem: bytes) -> None:
    with pytest.raises(CertificateError):
        read_chain(pem)


@pytest.mark.parametrize("key_type", ["P-256", "P-384", "RSA-2048"])
def test_a_request_names_everything_in_the_alternative_name_only(key_type: str) -> None:
    long_name = ".".join(["a" * 63] * 3) + ".example"
    names = ["a.example", long_name]
    request = x509.load_der_x509_csr(signing_request(make_key(key_type), names))
    assert request.is_signature_valid
    assert list(request.subject) == []
    extension = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert extension.value.get_values_for_type(x509.DNSName) == names


def test_timestamps_are_in_utc() -> None:
    moment = datetime(2026, 11, 22, 15, 0, 0, 5, timezone(timedelta(hours=1)))
    assert timestamp(moment) == "2026-11-22T14:00:00Z"
