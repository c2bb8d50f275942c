# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One certificate of several tenants, of which one goes, or whose key was stolen."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import copies
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import Batch
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import key_to_pem
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.outcome import Outcome
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    ABSENT,
    PRESENT,
    REVOKED,
    CertificateRequest,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from unit.plugins.module_utils.acme.authority import DIRECTORY, Authority, problem
from unit.plugins.module_utils.acme.issuing import NOW, pair

NAMES = ["a.example", "b.example", "c.example"]
ADOPTED = Origin(DIRECTORY, adopted=True)

NewBatch = Callable[..., Batch]


@pytest.fixture(autouse=True)
def adopted(store: CertificateStore) -> None:
    """A lineage with the names of three tenants; a fourth one has another certificate."""
    chain, key = pair(NAMES)
    for name in NAMES:
        store.publish(name, chain, key_to_pem(key), ADOPTED, NOW)
    chain, key = pair(["d.example"], serial=1)
    store.publish("d.example", chain, key_to_pem(key), ADOPTED, NOW)


def wanted(state: str, *names: str) -> list[CertificateRequest]:
    return [CertificateRequest(name, (name,), state=state) for name in names]


def marked(store: CertificateStore) -> list[str]:
    return [name for name in store.names() if store.read(name).memory.revoked]


def done(
    new_batch: NewBatch, authority: Authority, requests: list[CertificateRequest], **options: Any
) -> Outcome:
    """Predict, then do it; both have to come to the same."""
    predicted = new_batch(check_mode=True, **options).run(requests)
    assert authority.revoked == []
    outcome = new_batch(**options).run(requests)
    assert predicted.diff == outcome.diff
    assert predicted.warnings == outcome.warnings
    for before, after in zip(predicted.items, outcome.items):
        assert (before.changed, before.reason, before.present) == (
            after.changed,
            after.reason,
            after.present,
        )
    assert [item.error for item in outcome.items] == [None] * len(requests)
    assert not new_batch(**options).run(requests).changed
    return outcome


def test_who_goes_takes_nobody_along(
    new_batch: NewBatch, authority: Authority, store: CertificateStore
) -> None:
    outcome = done(new_batch, authority, wanted(ABSENT, "a.example"), revoke=True)
    assert authority.revoked == []
    assert store.names() == ["b.example", "c.example", "d.example"]
    assert marked(store) == []
    (warning,) = outcome.warnings
    assert "a.example: its certificate is removed, but not revoked, because b.example, c" in warning
    left = new_batch().run(wanted(PRESENT, "b.example", "c.example"))
    assert [item.changed for item in left.items] == [False, False]


def test_the_last_ones_take_it_along(
    new_batch: NewBatch, authority: Authority, store: CertificateStore
) -> None:
    outcome = done(new_batch, authority, wanted(ABSENT, *NAMES), revoke=True)
    assert len(authority.revoked) == 1
    assert outcome.warnings == []
    assert store.names() == ["d.example"]


def test_whose_certificate_was_renewed_since_does_not_count(
    new_batch: NewBatch, authority: Authority, store: CertificateStore
) -> None:
    new_batch(force=True).run(wanted(PRESENT, "b.example", "c.example"))
    outcome = done(new_batch, authority, wanted(ABSENT, "a.example"), revoke=True)
    assert len(authority.revoked) == 1
    assert outcome.warnings == []
    assert marked(store) == []


@pytest.mark.parametrize(
    ("state", "options"),
    [
        (REVOKED, {}),
        (REVOKED, {"revocation_reason": "key_compromise"}),
        (ABSENT, {"revocation_reason": "key_compromise", "revoke": True}),
    ],
)
def test_a_stolen_key_is_revoked_for_all(
    new_batch: NewBatch,
    authority: Authority,
    store: CertificateStore,
    state: str,
    options: dict[str, Any],
) -> None:
    outcome = done(new_batch, authority, wanted(state, "a.example"), **options)
    assert len(authority.revoked) == 1
    assert set(marked(store)) - {"a.example"} == {"b.example", "c.example"}
    (warning,) = outcome.warnings
    assert "a.example: b.example, c.example use the same certificate, which is revoked" in warning
    anew = new_batch().run(wanted(PRESENT, "b.example", "c.example", "d.example"))
    assert [item.issued for item in anew.items] == [True, True, False]
    assert {item.reason for item in anew.items[:2]} == {"it was revoked on 2026-11-22T14:00:00Z"}


def test_those_that_are_revoked_together_are_not_warned_of(
    new_batch: NewBatch, authority: Authority, store: CertificateStore
) -> None:
    outcome = done(new_batch, authority, wanted(REVOKED, *NAMES))
    assert len(authority.revoked) == 1
    assert outcome.warnings == []
    assert marked(store) == NAMES


def test_a_run_that_ends_between_is_made_up_for(
    new_batch: NewBatch,
    authority: Authority,
    store: CertificateStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_args: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(copies, "mark", die)
        new_batch().run(wanted(REVOKED, "a.example"))
    assert len(authority.revoked) == 1
    assert marked(store) == []
    assert new_batch().run(wanted(REVOKED, "a.example")).changed
    assert marked(store) == NAMES


def test_where_it_cannot_be_noted_is_told(
    new_batch: NewBatch, store: CertificateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember = store.remember

    def full(name: str, memory: Any) -> None:
        if name == "b.example":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "renewal.json")
        remember(name, memory)

    monkeypatch.setattr(store, "remember", full)
    outcome = new_batch().run(wanted(REVOKED, "a.example"))
    assert outcome.changed
    assert marked(store) == ["a.example", "c.example"]
    assert "b.example: its certificate is revoked, which cannot be noted" in outcome.warnings[0]


def test_whose_is_revoked_is_told_whatever_comes_then(
    new_batch: NewBatch, store: CertificateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(name: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), name)

    monkeypatch.setattr(store, "remove", read_only)
    options = {"revoke": True, "revocation_reason": "key_compromise"}
    outcome = new_batch(**options).run(wanted(ABSENT, "a.example"))
    assert outcome.items[0].error is not None
    assert marked(store) == NAMES
    assert "a.example: b.example, c.example use the same certificate" in outcome.warnings[0]


def test_one_that_is_replaced_meanwhile_is_left_alone(
    new_batch: NewBatch, store: CertificateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = store.lock

    @contextmanager
    def late(name: str) -> Iterator[None]:
        with lock(name):
            if name == "b.example":
                chain, key = pair([name], serial=2)
                store.publish(name, chain, key_to_pem(key), Origin(DIRECTORY), NOW)
            yield

    monkeypatch.setattr(store, "lock", late)
    new_batch().run(wanted(REVOKED, "a.example"))
    assert marked(store) == ["a.example", "c.example"]


def test_nobody_is_marked_if_the_ca_refuses(
    new_batch: NewBatch, authority: Authority, store: CertificateStore
) -> None:
    authority.fail("/revokeCert", problem("serverInternal", 400))
    outcome = new_batch().run(wanted(REVOKED, "a.example"))
    assert outcome.items[0].error is not None
    assert outcome.warnings == []
    assert marked(store) == []
