# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator asks for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
    read_requests,
)


def read(*items: dict[str, Any]) -> list[CertificateRequest]:
    return read_requests(items, key_type="P-256", state="present")


def test_the_name_is_always_one_of_the_names() -> None:
    assert read({"name": "b.example", "names": ["c.example", "a.example", "a.example"]}) == [
        CertificateRequest("b.example", ("a.example", "b.example", "c.example"), "P-256")
    ]


def test_own_key_type_and_state() -> None:
    item = {"name": "a.example", "names": None, "key_type": "RSA-2048", "state": "absent"}
    request = CertificateRequest("a.example", ("a.example",), "RSA-2048", present=False)
    assert read(item) == [request]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("A.example", "upper-case"),
        ("*.example.org", "wildcard"),
        ("../../etc", "malformed"),
        ("a..example", "malformed"),
        ("", "empty"),
        ("localhost", "no domain"),
        ("192.0.2.1", "IP address"),
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
