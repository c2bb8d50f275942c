# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is handed out to another host, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import certificate_export
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate_export import (
    Handover,
    Wish,
    hand_out,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import key_to_pem
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.recipient import Recipient
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.travelling_pair import (
    fingerprint_of,
    unpack,
)
from unit.plugins.module_utils.acme.issuing import NOW, pair

CA = "https://ca.test/directory"


@pytest.fixture
def recipient(tmp_path: Path) -> Recipient:
    """The other host."""
    return Recipient(tmp_path / "other")


def issue(store: CertificateStore, name: str, *, key_elsewhere: bool = False) -> None:
    chain, key = pair([name])
    pem = None if key_elsewhere else key_to_pem(key)
    with store.lock(name):
        store.publish(name, chain, pem, Origin(CA, key_elsewhere=key_elsewhere), NOW)


def handed_out(
    store: CertificateStore, recipient: Recipient | None, **known: str
) -> tuple[Handover, dict[str, str]]:
    """Ask for ``a``, ``b`` and so on; what came of it, and the errors."""
    fingerprints = {f"{letter}.example": known.get(letter, "") for letter in "abc"}
    key = recipient.public_key() if recipient else None
    handover = hand_out(store, Wish(fingerprints, key))
    return handover, {each["name"]: each["error"] for each in handover.results if each["failed"]}


def test_what_differs_is_sealed(store: CertificateStore, recipient: Recipient) -> None:
    for letter in "ab":
        issue(store, f"{letter}.example")
    known = fingerprint_of(store, "a.example")
    handover, errors = handed_out(store, recipient, a=known, b="another")
    assert not errors
    assert [each["present"] for each in handover.results] == [True, True, False]
    assert [each["exported"] for each in handover.results] == [False, True, False]
    assert [offer["name"] for offer in handover.offered] == ["b.example"]
    assert handover.sealed is not None
    unpacked = unpack(recipient.open(handover.sealed))
    assert list(unpacked) == ["b.example"]
    arrived = unpacked["b.example"]
    assert arrived.key == store.key_path("b.example").read_bytes()
    assert arrived.fingerprint == handover.offered[0]["fingerprint"]


def test_one_that_only_the_other_host_has(store: CertificateStore, recipient: Recipient) -> None:
    handover, errors = handed_out(store, recipient, b="something")
    assert "there is none any more" in errors["b.example"]
    assert list(errors) == ["b.example"]
    assert handover.offered == []


def test_nothing_differs(store: CertificateStore, recipient: Recipient) -> None:
    issue(store, "a.example")
    handover, _errors = handed_out(store, recipient, a=fingerprint_of(store, "a.example"))
    assert (handover.offered, handover.sealed) == ([], None)


def test_what_is_the_same_is_not_read_into(
    store: CertificateStore, recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # to check RSA keys of hundreds of tenants takes minutes
    for letter in "ab":
        issue(store, f"{letter}.example")
    monkeypatch.delattr(certificate_export, "checked")
    known = {letter: fingerprint_of(store, f"{letter}.example") for letter in "ab"}
    handover, errors = handed_out(store, recipient, **known)
    assert not errors
    assert [each["present"] for each in handover.results] == [True, True, False]
    assert (handover.offered, handover.sealed) == ([], None)


def test_check_mode_names_what_differs_and_would(store: CertificateStore) -> None:
    issue(store, "a.example")
    wish = Wish({"a.example": "", "b.example": ""}, renewed=["b.example"])
    handover = hand_out(store, wish)
    assert [offer["name"] for offer in handover.offered] == ["a.example", "b.example"]
    assert handover.sealed is None


def test_damage_is_of_one_name(store: CertificateStore, recipient: Recipient) -> None:
    for letter in "abc":
        issue(store, f"{letter}.example")
    other = store.key_path("b.example").read_bytes()
    store.key_path("a.example").write_bytes(other)
    store.chain_path("c.example").write_text("nonsense")
    handover, errors = handed_out(store, recipient)
    assert "does not belong" in errors["a.example"]
    assert "cannot be used" in errors["c.example"]
    assert [offer["name"] for offer in handover.offered] == ["b.example"]
    assert "PRIVATE" not in repr(handover)


def test_a_key_that_is_elsewhere(store: CertificateStore, recipient: Recipient) -> None:
    issue(store, "a.example", key_elsewhere=True)
    issue(store, "b.example")
    (store.chain_path("b.example").parent / "state.json").unlink()
    issue(store, "c.example")
    store.key_path("c.example").unlink()
    _handover, errors = handed_out(store, recipient)
    assert "somewhere else" in errors["a.example"]
    assert "state.json is missing" in errors["b.example"]
    assert "privkey.pem is missing" in errors["c.example"]


@pytest.mark.parametrize("recipient", ["nonsense", "", "AAAA"])
def test_no_recipient(store: CertificateStore, recipient: str) -> None:
    issue(store, "a.example")
    with pytest.raises(AcmeError, match="recipient is no key"):
        hand_out(store, Wish({"a.example": ""}, recipient))


def test_a_name_that_is_none(store: CertificateStore) -> None:
    handover = hand_out(store, Wish({"../a": ""}))
    assert handover.results[0]["failed"]
