# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs on their way: told apart, checked, put together and taken apart."""

from __future__ import annotations

import dataclasses
import json
import zlib
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import travelling_pair
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import key_to_pem
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.travelling_pair import (
    TravellingPair,
    checked,
    fingerprint_of,
    pack,
    unpack,
)
from unit.plugins.module_utils.acme.issuing import NOW, pair

ORIGIN = Origin("https://ca.test/directory", "https://ca.test/account/1", "shortlived")
NAME = "a.example"


def travelling(*names: str) -> TravellingPair:
    chain, key = pair(names or [NAME])
    return TravellingPair(chain, key_to_pem(key), ORIGIN)


def publish(store: CertificateStore, travels: TravellingPair) -> None:
    with store.lock(NAME):
        store.publish(NAME, travels.chain, travels.key, ORIGIN, NOW)


def test_arrives_as_it_was() -> None:
    pairs = {"a.example": travelling(), "*.b.example": travelling("*.b.example")}
    assert unpack(pack(pairs)) == pairs


@pytest.mark.parametrize("content", [b"", b"x", *map(zlib.compress, (b"", b"1", b"[1]"))])
def test_something_else_arrives(content: bytes) -> None:
    with pytest.raises(AcmeError, match="no certificates"):
        unpack(content)


def test_fingerprint_is_of_what_is_published(store: CertificateStore) -> None:
    assert fingerprint_of(store, NAME) == ""
    first, second = travelling(), travelling()
    publish(store, first)
    assert fingerprint_of(store, NAME) == first.fingerprint != second.fingerprint
    # As another tool would have put it there
    store.key_path(NAME).unlink()
    store.key_path(NAME).write_bytes(second.key)
    store.key_path(NAME).chmod(0o600)
    assert fingerprint_of(store, NAME) not in ("", first.fingerprint, second.fingerprint)


def test_a_key_that_others_may_read_counts_as_none(store: CertificateStore) -> None:
    publish(store, travelling())
    store.key_path(NAME).chmod(0o640)
    assert fingerprint_of(store, NAME) == ""


def test_damage_is_of_one_entry() -> None:
    pairs = {"a.example": travelling(), "b.example": travelling()}
    document = json.loads(zlib.decompress(pack(pairs)))
    for damaged in ({}, None, {**document["a.example"], "key": "damaged"}, {"chain": 1}):
        packed = zlib.compress(json.dumps({**document, "a.example": damaged}).encode())
        assert unpack(packed) == {"b.example": pairs["b.example"]}


def test_what_gets_too_large_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack({NAME: travelling()})
    monkeypatch.setattr(travelling_pair, "_MOST", 100)
    with pytest.raises(AcmeError, match="no certificates"):
        unpack(packed)


def test_checked() -> None:
    assert checked(travelling(), NAME).names == {NAME}
    assert checked(travelling("*.a.example"), "mail.a.example")
    assert checked(travelling("*.a.example"), "*.a.example")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"chain": b"nonsense"}, "fullchain.pem cannot be used"),
        ({"key": b"nonsense"}, "privkey.pem cannot be used"),
        ({"key": travelling().key}, "does not belong"),
        ({"chain": travelling().chain}, "does not belong"),
    ],
)
def test_refused(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(AcmeError, match=text):
        checked(dataclasses.replace(travelling(), **changed), NAME)


@pytest.mark.parametrize("name", ["b.example", "mail.a.example"])
def test_refused_for_another_name(name: str) -> None:
    with pytest.raises(AcmeError, match=r"is for a\.example"):
        checked(travelling(), name)
