# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and their chains."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import (
    CertificateError,
    read_chain,
    root_of,
)
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


def test_a_certificate_is_named_for_renewal_as_its_issuer_and_serial_are() -> None:
    # the example of RFC 9773 section 4.1
    issuer_key = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    chain = issue(["a.example"], issuer_key=issuer_key, serial=0x8765_4321)
    assert read_chain(chain).renewal_id == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
    assert read_chain(issue(["a.example"], issuer_key=None)).renewal_id is None


def test_the_root_of_a_chain_is_who_signed_its_last_certificate() -> None:
    assert root_of(issue(["a.example"]) + issue(["ca.example"])) == "Test CA"
    with pytest.raises(CertificateError):
        root_of(b"")


def test_addresses_are_names_too() -> None:
    names = ["192.0.2.1", "2001:db8::1", "a.example"]
    assert read_chain(issue(names)).names == set(names)
