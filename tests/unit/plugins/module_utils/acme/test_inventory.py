# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in a storage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import Batch
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.inventory import Question, look
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import key_to_pem
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from unit.plugins.module_utils.acme.authority import DIRECTORY, Authority
from unit.plugins.module_utils.acme.issuing import NOW, pair

A, B = (CertificateRequest(f"{letter}.example", (f"{letter}.example",)) for letter in "ab")


def test_nothing_is_there(store: CertificateStore) -> None:
    assert look(store, Question(), NOW) == []
    (entry,) = look(store, Question(names=["a.example"]), NOW)
    assert (entry["name"], entry["present"], entry["due"]) == ("a.example", False, True)
    assert entry["fault"] == "there is no certificate"
    assert entry["renewal"] is None


def test_how_certificates_are_doing(
    new_batch: Callable[..., Batch], authority: Authority, store: CertificateStore
) -> None:
    authority.refused = {"b.example"}
    new_batch().run([A, B])
    assert look(store, Question(names=[]), NOW) == []
    fine, failed = look(store, Question(), NOW)
    assert fine["present"]
    assert not fine["due"]
    assert fine["names"] == ["a.example"]
    assert fine["seconds_left"] == 89 * 24 * 3600
    assert fine["directory"] == DIRECTORY
    assert fine["renewal"] == {
        "moment": "2027-01-20T14:00:00Z",
        "source": "lifetime",
        "explanation": None,
    }
    assert fine["failures"] is None
    assert not failed["present"]
    assert failed["failures"]["count"] == 1
    assert "unauthorized for b.example" in failed["failures"]["last_error"]
    assert failed["failures"]["next_attempt"] == "2026-11-22T14:01:00Z"
    (due,) = look(store, Question(names=["a.example"]), NOW + timedelta(days=60))
    assert due["due"]


def test_what_is_about_to_expire(new_batch: Callable[..., Batch], store: CertificateStore) -> None:
    new_batch().run([A])
    soon = Question(expiring_within=timedelta(days=20))
    assert look(store, soon, NOW) == []
    (entry,) = look(store, soon, NOW + timedelta(days=70))
    assert entry["name"] == "a.example"
    store.key_path("a.example").unlink()
    assert [entry["fault"] for entry in look(store, soon, NOW)] == ["privkey.pem is missing"]


def test_what_was_revoked(new_batch: Callable[..., Batch], store: CertificateStore) -> None:
    new_batch().run([A])
    new_batch().run([CertificateRequest("a.example", ("a.example",), state="revoked")])
    (entry,) = look(store, Question(), NOW)
    assert entry["revoked"]
    assert entry["due"]


@pytest.mark.parametrize("adopted", [True, False])
def test_what_was_taken_over(store: CertificateStore, adopted: bool) -> None:
    chain, key = pair(["a.example"])
    with store.lock("a.example"):
        store.publish("a.example", chain, key_to_pem(key), Origin("", adopted=adopted), NOW)
    (entry,) = look(store, Question(), NOW)
    assert entry["adopted"] is adopted


def test_wildcards_have_their_names(tmp_path: Path, store: CertificateStore) -> None:
    (tmp_path / "certs" / "_.a.example").mkdir(parents=True)
    assert [entry["name"] for entry in look(store, Question(), NOW)] == ["*.a.example"]
    assert look(store, Question(["*.a.example"]), NOW)[0]["name"] == "*.a.example"


def test_a_malformed_name(store: CertificateStore) -> None:
    with pytest.raises(AcmeError, match=r"^hostname .* is malformed"):
        look(store, Question(names=["../account"]), NOW)
