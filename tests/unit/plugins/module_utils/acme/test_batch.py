# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many certificates in one go, on days when something goes wrong."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import store as store_file
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import Batch, Outcome
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import key_to_pem
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.order import Order
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from unit.plugins.module_utils.acme.authority import DIRECTORY, Answer, Authority, problem
from unit.plugins.module_utils.acme.folders import entries
from unit.plugins.module_utils.acme.issuing import NOW, issue, pair

NewBatch = Callable[..., Batch]


def wanted(name: str, *names: str, present: bool = True) -> CertificateRequest:
    return CertificateRequest(name, tuple(sorted({name, *names})), "P-256", present)


A, B, C = (wanted(f"{letter}.example") for letter in "abc")


def errors(outcome: Outcome) -> dict[str, str]:
    return {item.request.name: str(item.error) for item in outcome.items if item.error}


def changed(outcome: Outcome) -> list[str]:
    return [item.request.name for item in outcome.items if item.changed]


def files(storage: Path) -> list[str]:
    return sorted(str(path.relative_to(storage)) for path in storage.rglob("*"))


def test_issued_once(new_batch: NewBatch, authority: Authority, store: CertificateStore) -> None:
    outcome = new_batch().run([A, wanted("b.example", "c.example")])
    assert errors(outcome) == {}
    assert changed(outcome) == ["a.example", "b.example"]
    assert outcome.account_changed
    certificate = store.read("b.example").certificate
    assert certificate is not None
    assert certificate.names == {"b.example", "c.example"}

    authority.requests.clear()
    again = new_batch().run([A, wanted("b.example", "c.example")])
    assert not again.changed
    assert again.diff == []
    assert authority.requests == []


def test_challenge_files_are_gone_afterwards(new_batch: NewBatch, tmp_path: Path) -> None:
    new_batch().run([A])
    assert entries(tmp_path / "webroot" / ".well-known" / "acme-challenge") == []


def test_a_proved_name_has_no_challenge_to_solve(new_batch: NewBatch, authority: Authority) -> None:
    authority.proved.add("a.example")
    assert errors(new_batch().run([A])) == {}
    assert "challenge" not in authority.paths()


def test_a_ca_that_takes_its_time(
    new_batch: NewBatch, authority: Authority, slept: list[float]
) -> None:
    authority.pending_looks = 5
    assert errors(new_batch().run([A])) == {}
    assert len(slept) >= 5


def test_one_failure_stops_no_other(
    new_batch: NewBatch, authority: Authority, tmp_path: Path
) -> None:
    authority.refused = {"b.example"}
    outcome = new_batch().run([A, B, C])
    assert changed(outcome) == ["a.example", "c.example"]
    assert list(errors(outcome)) == ["b.example"]
    failed = outcome.items[1]
    assert failed.error is not None
    assert failed.error.step == "authorization"
    assert failed.error.problem is not None
    assert failed.error.problem.identifier == "b.example"
    assert "unauthorized for b.example" in str(failed.error)
    assert "Make sure that the name leads to this host" in str(failed.error)
    assert not (tmp_path / "certs" / "b.example").exists()
    # the next run says the same, without what differs each time
    assert errors(new_batch().run([B])) == errors(outcome)
    assert "Token-For" not in str(failed.error)


def test_every_name_that_failed_is_told(new_batch: NewBatch, authority: Authority) -> None:
    authority.refused = {"x.example", "b.example"}
    outcome = new_batch().run([wanted("a.example", "x.example", "b.example", "c.example")])
    error = outcome.items[0].error
    assert error is not None
    assert error.problem is not None
    assert error.problem.detail == "2 of 4 names failed"
    assert [each.identifier for each in error.problem.subproblems] == ["b.example", "x.example"]


def test_an_unforeseen_error_stops_no_other(
    new_batch: NewBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Order.place

    def break_for_b(network: Any, names: Any, deadline: Any) -> Any:
        if "b.example" in names:
            raise RuntimeError("a bug")
        return place(network, names, deadline)

    monkeypatch.setattr(Order, "place", break_for_b)
    outcome = new_batch().run([A, B, C])
    assert changed(outcome) == ["a.example", "c.example"]
    assert errors(outcome) == {"b.example": "unexpected RuntimeError: a bug"}


def test_check_mode_asks_nobody_writes_nothing_and_predicts(
    new_batch: NewBatch, authority: Authority, tmp_path: Path
) -> None:
    new_batch().run([C])
    before = files(tmp_path)
    authority.requests.clear()
    requests_ = [A, wanted("b.example", "x.example"), wanted("c.example", present=False)]
    predicted = new_batch(check_mode=True).run(requests_)
    assert authority.requests == []
    assert files(tmp_path) == before
    done = new_batch().run(requests_)
    assert changed(predicted) == changed(done)
    assert predicted.diff == done.diff
    assert len(done.diff) == 3
    assert "PRIVATE KEY" not in str(done.diff)


def test_the_diff_of_a_changed_set_of_names(new_batch: NewBatch) -> None:
    new_batch().run([A])
    diff = new_batch().run([wanted("a.example", "b.example")]).diff
    assert [entry["before_header"] for entry in diff] == ["certificate a.example"]
    assert "names: a.example\n" in diff[0]["before"]
    assert "names: a.example, b.example\n" in diff[0]["after"]
    assert "issued because: it lacks b.example\n" in diff[0]["after"]


def test_consent_is_missing(new_batch: NewBatch, authority: Authority) -> None:
    for check_mode in (True, False):
        outcome = new_batch(terms_agreed=False, check_mode=check_mode).run([A, B])
        assert set(errors(outcome)) == {"a.example", "b.example"}
        assert "set terms_agreed to true" in errors(outcome)["a.example"]
        assert not outcome.changed
        assert outcome.unreported_error is None
    assert authority.requests == []


def test_only_the_account(new_batch: NewBatch, authority: Authority) -> None:
    assert "terms_agreed" in str(new_batch(terms_agreed=False).run([]).unreported_error)
    assert new_batch(check_mode=True).run([]).account_changed
    outcome = new_batch().run([])
    assert outcome.account_changed
    assert not new_batch().run([]).changed
    assert "newOrder" not in authority.paths()


def test_removing_needs_no_account(new_batch: NewBatch, authority: Authority) -> None:
    outcome = new_batch(terms_agreed=False).run([wanted("a.example", present=False)])
    assert not outcome.changed
    assert outcome.unreported_error is None
    assert authority.requests == []


def test_removed(new_batch: NewBatch, tmp_path: Path) -> None:
    new_batch().run([A, B])
    outcome = new_batch().run([wanted("a.example", present=False), B])
    assert changed(outcome) == ["a.example"]
    assert entries(tmp_path / "certs") == ["b.example"]
    assert outcome.items[0].stored.certificate is None


def test_an_account_that_the_ca_has_forgotten(new_batch: NewBatch, authority: Authority) -> None:
    new_batch().run([A])
    authority.accounts.clear()
    assert "terms_agreed" in errors(new_batch(terms_agreed=False).run([B]))["b.example"]
    outcome = new_batch().run([B, C])
    assert errors(outcome) == {}
    assert outcome.account_changed
    assert len(authority.accounts) == 1


def test_another_process_was_faster(
    new_batch: NewBatch,
    authority: Authority,
    store: CertificateStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new_batch().run([B])
    authority.requests.clear()
    lock = store.lock

    @contextmanager
    def late(name: str) -> Iterator[None]:
        with lock(name):
            chain, key = pair([name])
            store.publish(name, chain, key_to_pem(key), DIRECTORY, NOW)
            yield

    monkeypatch.setattr(store, "lock", late)
    outcome = new_batch().run([A])
    assert changed(outcome) == []
    assert "valid until" in (outcome.items[0].reason or "")
    assert "newOrder" not in authority.paths()


@pytest.mark.parametrize("path", ["/newOrder", "/authz", "/challenge", "/finalize", "/cert"])
def test_a_ca_that_dies_at_each_step(
    new_batch: NewBatch, authority: Authority, tmp_path: Path, path: str
) -> None:
    new_batch().run([B])
    authority.fail(path, *[requests.ConnectionError("reset")] * 3)
    outcome = new_batch().run([A])
    assert "cannot be reached" in errors(outcome)["a.example"]
    assert entries(tmp_path / "certs") == ["b.example"]
    assert entries(tmp_path / "webroot" / ".well-known" / "acme-challenge") == []
    assert errors(new_batch().run([A])) == {}


def test_a_ca_that_has_not_counted_the_authorizations_yet(
    new_batch: NewBatch, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = authority._order

    def now_ready(payload: Any, protected: Any, number: str) -> Answer:
        if authority.orders[number]["status"] == "pending":
            authority.orders[number]["status"] = "ready"
        return show(payload, protected, number)

    authority.fail("/finalize", problem("orderNotReady", 403))
    monkeypatch.setattr(authority, "_order", now_ready)
    assert errors(new_batch().run([A])) == {}
    assert authority.paths().count("finalize") == 2


@pytest.mark.parametrize("kind", ["_finalize", "_challenge"])
def test_an_answer_that_gets_lost(
    new_batch: NewBatch, authority: Authority, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    answer = getattr(authority, kind)
    asked = 0

    def lose_the_first(*args: Any) -> Answer:
        nonlocal asked
        asked += 1
        if asked > 1 and kind == "_challenge":
            authority.proved.add("a.example")
            return problem("malformed")
        found: Answer = answer(*args)
        if asked == 1:
            raise requests.ConnectionError("reset")
        return found

    monkeypatch.setattr(authority, kind, lose_the_first)
    assert errors(new_batch().run([A])) == {}
    assert asked == 2


def test_an_order_that_the_ca_gives_up(
    new_batch: NewBatch, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {
        "status": "invalid",
        "error": {"type": "urn:ietf:params:acme:error:caa", "detail": "CAA forbids", "status": 403},
    }
    monkeypatch.setattr(authority, "_finalize", lambda *_: (200, {}, {"status": "processing"}))
    monkeypatch.setattr(authority, "_order", lambda *_: (200, {}, body))
    assert errors(new_batch().run([A]))["a.example"].startswith(
        "finalization: the CA gave the order up: urn:ietf:params:acme:error:caa (HTTP 403):"
        " CAA forbids. Add a CAA record"
    )


@pytest.mark.parametrize(
    ("chain", "text"),
    [
        (issue(["a.example"]), "a certificate for another key"),
        (b"<html>", "a chain that cannot be used"),
    ],
)
def test_a_ca_that_sends_something_else(
    new_batch: NewBatch, authority: Authority, tmp_path: Path, chain: bytes, text: str
) -> None:
    authority.fail("/cert", (200, {}, chain))
    assert text in errors(new_batch().run([A]))["a.example"]
    assert not (tmp_path / "certs" / "a.example").exists()


def test_a_ca_without_http_01(
    new_batch: NewBatch, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {
        "identifier": {"type": "dns", "value": "a.example"},
        "status": "pending",
        "challenges": [{"type": "dns-01", "url": "https://ca.test/x", "token": "x"}],
    }
    monkeypatch.setattr(authority, "_authz", lambda *_: (200, {}, body))
    assert "offers dns-01, but not http-01" in errors(new_batch().run([A]))["a.example"]


def test_a_full_disk_keeps_the_old_pair(
    new_batch: NewBatch, store: CertificateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_batch().run([A])
    before = store.chain_path("a.example").read_bytes()

    def full(path: Path, *_args: Any, **_more: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(store_file, "write_directory", full)
        found = errors(new_batch(force=True).run([A]))["a.example"]
    assert found.startswith("storage: No space left on device in ")
    assert store.chain_path("a.example").read_bytes() == before
    assert errors(new_batch(force=True).run([A])) == {}
    assert store.chain_path("a.example").read_bytes() != before


def test_modes_are_put_right(new_batch: NewBatch, store: CertificateStore) -> None:
    new_batch().run([A])
    store.key_path("a.example").chmod(0o644)
    predicted = new_batch(check_mode=True).run([A])
    outcome = new_batch().run([A])
    assert changed(predicted) == changed(outcome) == ["a.example"]
    assert predicted.diff == outcome.diff
    assert store.key_path("a.example").stat().st_mode & 0o777 == 0o600
    assert not new_batch().run([A]).changed


def test_more_certificates_than_threads(new_batch: NewBatch, authority: Authority) -> None:
    names = [f"n{number}.example" for number in range(20)]
    outcome = new_batch(concurrency=2).run([wanted(name) for name in names])
    assert errors(outcome) == {}
    assert changed(outcome) == names


def test_a_new_key_each_time(new_batch: NewBatch, store: CertificateStore) -> None:
    new_batch().run([A])
    before = store.key_path("a.example").read_bytes()
    new_batch(force=True).run([A])
    assert store.key_path("a.example").read_bytes() != before
