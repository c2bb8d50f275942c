# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order at a CA that refuses it, gives it up, or sends something odd in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import Batch
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
)
from cryptography import x509
from unit.plugins.module_utils.acme.authority import Answer, Authority, problem
from unit.plugins.module_utils.acme.issuing import NOW, issue

NewBatch = Callable[..., Batch]
A = CertificateRequest("a.example", ("a.example",))


@pytest.mark.parametrize(
    "answer",
    [
        problem("serverInternal", 503, Retry_After=3600),
        (429, {"Retry-After": "3600"}, {}),
    ],
)
def test_a_busy_ca_is_not_asked_again_without_the_predecessor(
    new_batch: NewBatch, authority: Authority, answer: Any
) -> None:
    authority.window = (NOW + timedelta(days=40), NOW + timedelta(days=42))
    new_batch().run([A])
    authority.requests.clear()
    authority.fail("/newOrder", answer)
    (item,) = new_batch(force=True).run([A]).items
    assert item.error is not None
    assert authority.paths().count("newOrder") == 1


@pytest.mark.parametrize(
    "answer", [problem("malformed", 404), problem("serverInternal", 500), (200, {}, b"no chain")]
)
def test_a_preferred_chain_that_cannot_be_had_costs_no_certificate(
    new_batch: NewBatch, authority: Authority, answer: Any
) -> None:
    authority.alternates = ["Other Root", "Old Root"]
    authority._faults["/cert/"] = [lambda _payload: None, *[lambda _payload: answer] * 10]
    wanted = replace(A, preferred_chain="Old Root")
    (item,) = new_batch().run([wanted]).items
    assert item.error is None
    assert item.warnings == [
        "a.example: the CA offers no chain to Old Root; the one to Test CA was taken."
    ]
    assert len(authority.orders) == 1


def test_another_chain_is_looked_at_after_one_that_cannot_be_had(
    new_batch: NewBatch, authority: Authority
) -> None:
    authority.alternates = ["Other Root", "Old Root"]
    authority._faults["/cert/"] = [lambda _payload: None, lambda _payload: problem("x", 404)]
    (item,) = new_batch().run([replace(A, preferred_chain="Old Root")]).items
    assert item.error is None
    assert item.warnings == []


@pytest.mark.parametrize("status", ["expired", "deactivated", "revoked", "invalid"])
def test_an_order_left_behind_whose_authorization_is_over_is_placed_again(
    new_batch: NewBatch, authority: Authority, status: str
) -> None:
    authority.fail("/authz/", *[requests.ConnectionError("reset")] * 3)
    (item,) = new_batch().run([A]).items
    assert item.error is not None
    authority.fail("/authz/", (200, {}, {"status": status}))
    (item,) = new_batch().run([A]).items
    assert item.error is None
    assert len(authority.orders) == 2


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        (issue(["a.example"]), "for another key. Run again, which places another order; if "),
        (None, "for other names: other.example. Ask for those, or tell whoever runs the CA."),
    ],
)
def test_a_certificate_that_was_not_ordered_leaves_advice(
    new_batch: NewBatch,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    chain: bytes | None,
    told: str,
) -> None:
    def send(*_args: Any) -> Answer:
        (order,) = authority.orders.values()
        if chain is not None:
            return 200, {}, chain
        return 200, {}, issue(["other.example"], public_key_of(order["chain"]))

    monkeypatch.setattr(authority, "_cert", send)
    (item,) = new_batch().run([A]).items
    assert told in str(item.error)


def test_a_signing_request_that_the_ca_does_not_accept_leaves_advice_for_both_kinds(
    new_batch: NewBatch, authority: Authority
) -> None:
    authority.fail("/finalize/", problem("badCSR"))
    (item,) = new_batch().run([A]).items
    assert "Choose a key_type that this CA accepts, or make the file that csr" in str(item.error)


def public_key_of(chain: bytes) -> Any:
    return x509.load_pem_x509_certificate(chain).public_key()
