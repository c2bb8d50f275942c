# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import make_key
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
    read_requests,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.signing_request import (
    make_signing_request,
)

DEFAULTS: dict[str, Any] = {
    "state": "present",
    "key_type": "P-256",
    "reuse_key": False,
    "csr": None,
    "profile": None,
    "preferred_chain": None,
    "challenge": "webroot",
}
WAYS = ("webroot", "stateless", "dns")


def read(*items: dict[str, Any], **defaults: Any) -> list[CertificateRequest]:
    return read_requests(items, {**DEFAULTS, **defaults}, WAYS)


def test_the_name_is_always_one_of_the_names() -> None:
    assert read({"name": "b.example", "names": ["c.example", "a.example", "a.example"]}) == [
        CertificateRequest("b.example", ("a.example", "b.example", "c.example"))
    ]


def test_what_an_item_says_counts_more_than_what_the_task_says() -> None:
    own: dict[str, Any] = {
        "key_type": "RSA-2048",
        "state": "absent",
        "reuse_key": False,
        "profile": "short",
    }
    (request,) = read({"name": "a.example", "names": None, **own}, reuse_key=True, profile="long")
    assert request == CertificateRequest("a.example", ("a.example",), **own)
    (request,) = read({"name": "a.example", "profile": None}, reuse_key=True, profile="long")
    assert (request.reuse_key, request.profile) == (True, "long")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("A.example", "upper-case"),
        ("*.example.org", "wildcard"),
        ("../../etc", "malformed"),
        ("localhost", "no domain"),
    ],
)
def test_malformed_names(name: str, text: str) -> None:
    with pytest.raises(AcmeError, match=text):
        read({"name": name})
    with pytest.raises(AcmeError, match=text):
        read({"name": "fine.example", "names": [name]})


def test_every_fault_is_named() -> None:
    with pytest.raises(AcmeError) as caught:
        read({"name": "B.example"}, {"name": "a.example"}, {"name": "a.example"}, {"name": "_x.c"})
    for text in ("'B.example'", "'a.example' is listed 2 times", "'_x'"):
        assert text in str(caught.value)


def test_two_ways_to_write_one_name_are_one_name() -> None:
    with pytest.raises(AcmeError, match=r"'xn--bcher-kva\.example' is listed 2 times"):
        read({"name": "bücher.example"}, {"name": "xn--bcher-kva.example"})


def test_a_wildcard_is_proved_over_dns() -> None:
    (request,) = read({"name": "*.a.example", "names": ["a.example"], "challenge": "dns"})
    assert request.folder == "_.a.example"
    with pytest.raises(AcmeError, match="which only the challenge dns can prove"):
        read({"name": "*.a.example", "challenge": "stateless"})
    # removing it needs no proof
    assert read({"name": "*.a.example"}, state="absent")[0].state == "absent"


def test_an_address_is_not_proved_over_dns() -> None:
    with pytest.raises(AcmeError, match=r"192\.0\.2\.1 is an address, which DNS cannot prove"):
        read({"name": "a.example", "names": ["192.0.2.1"]}, challenge="dns")
    assert read({"name": "192.0.2.1"})[0].name == "192.0.2.1"


def test_dns_needs_a_command() -> None:
    with pytest.raises(AcmeError, match="needs a dns_hook"):
        read_requests([{"name": "a.example"}], {**DEFAULTS, "challenge": "dns"}, ["webroot"])


def test_the_names_of_a_signing_request_are_the_names(tmp_path: Path) -> None:
    path = tmp_path / "a.csr"
    path.write_bytes(make_signing_request(make_key("P-256"), ["b.example", "a.example"]))
    (request,) = read({"name": "b.example", "csr": str(path)})
    assert request.names == ("a.example", "b.example")
    assert request.csr is not None
    for item in ({"name": "c.example"}, {"name": "a.example", "names": ["b.example"]}):
        with pytest.raises(AcmeError, match=r"those of the request, a\.example, b\.example"):
            read({**item, "csr": str(path)})


def test_terms_are_what_matters_to_an_order(tmp_path: Path) -> None:
    request = CertificateRequest("a.example", ("a.example",))
    same = [CertificateRequest("a.example", ("a.example",), reuse_key=True, preferred_chain="X")]
    other = [
        CertificateRequest("a.example", ("a.example", "b.example")),
        CertificateRequest("a.example", ("a.example",), key_type="P-384"),
        CertificateRequest("a.example", ("a.example",), profile="short"),
        CertificateRequest("a.example", ("a.example",), challenge="dns"),
    ]
    assert {each.terms("ca") for each in same} == {request.terms("ca")}
    found = {each.terms("ca") for each in [request, *other]} | {request.terms("another")}
    assert len(found) == len(other) + 2


def test_a_signing_request_that_cannot_be_read_is_a_fault_of_one_certificate() -> None:
    good, bad = read({"name": "a.example"}, {"name": "b.example", "csr": "/nowhere/b.csr"})
    assert good.error is None
    assert "/nowhere/b.csr cannot be read" in str(bad.error)
    (gone,) = read({"name": "b.example", "csr": "/nowhere/b.csr", "state": "absent"})
    assert gone.error is None
