# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many certificates in one go, on days when something goes wrong."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import store as store_file
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import Batch
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import key_to_pem
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.order import Order
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.outcome import Outcome
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    ABSENT,
    CertificateRequest,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from unit.plugins.module_utils.acme.authority import DIRECTORY, Answer, Authority, problem
from unit.plugins.module_utils.acme.folders import entries
from unit.plugins.module_utils.acme.issuing import NOW, issue, pair

NewBatch = Callable[..., Batch]


def wanted(name: str, *names: str, **more: Any) -> CertificateRequest:
    return CertificateRequest(name, tuple(sorted({name, *names})), **more)


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
    # nothing is there but what the next run has to know
    assert entries(tmp_path / "certs" / "b.example") == [".lock", "renewal.json"]
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

    def break_for_b(network: Any, options: Any, deadline: Any) -> Any:
        if "b.example" in options.names:
            raise RuntimeError("a bug")
        return place(network, options, deadline)

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
    requests_ = [A, wanted("b.example", "x.example"), wanted("c.example", state=ABSENT)]
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
    outcome = new_batch(terms_agreed=False).run([wanted("a.example", state=ABSENT)])
    assert not outcome.changed
    assert outcome.unreported_error is None
    assert authority.requests == []


def test_removed(new_batch: NewBatch, tmp_path: Path) -> None:
    new_batch().run([A, B])
    outcome = new_batch().run([wanted("a.example", state=ABSENT), B])
    assert changed(outcome) == ["a.example"]
    assert entries(tmp_path / "certs") == ["b.example"]
    assert outcome.items[0].stored.certificate is None
    assert [item.present for item in outcome.items] == [False, True]


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
            store.publish(name, chain, key_to_pem(key), Origin(DIRECTORY), NOW)
            yield

    monkeypatch.setattr(store, "lock", late)
    outcome = new_batch().run([A])
    assert changed(outcome) == []
    assert "valid until" in (outcome.items[0].reason or "")
    assert "newOrder" not in authority.paths()


def test_a_renewal_brings_nothing_back(
    new_batch: NewBatch, authority: Authority, tmp_path: Path
) -> None:
    new_batch().run([A])
    authority.requests.clear()
    for options in ({}, {"force": True}, {"check_mode": True}):
        outcome = new_batch(only_renew=True, **options).run([B])
        assert errors(outcome) == {}
        assert not outcome.changed
        assert not outcome.items[0].present
        assert outcome.items[0].reason == "there is no certificate, and only renewals are wanted"
    assert authority.requests == []
    assert entries(tmp_path / "certs") == ["a.example"]
    # what is there is renewed
    for check_mode in (True, False):
        outcome = new_batch(only_renew=True, force=True, check_mode=check_mode).run([A])
        assert [item.present for item in outcome.items if item.issued] == [True]


def test_what_was_removed_before_its_turn_is_not_renewed(
    new_batch: NewBatch,
    authority: Authority,
    store: CertificateStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new_batch().run([A])
    authority.requests.clear()
    remove, lock = store.remove, store.lock

    @contextmanager
    def late(name: str) -> Iterator[None]:
        monkeypatch.setattr(store, "lock", lock)
        remove(name)
        with lock(name):
            yield

    monkeypatch.setattr(store, "lock", late)
    item = new_batch(only_renew=True, force=True).run([A]).items[0]
    assert (item.changed, item.present, item.error) == (False, False, None)
    assert "newOrder" not in authority.paths()
    assert not store.chain_path("a.example").parent.exists()


@pytest.mark.parametrize("gone", [("fullchain.pem",), ("privkey.pem", "state.json"), ("current",)])
def test_a_renewal_mends_what_is_damaged(
    new_batch: NewBatch, store: CertificateStore, gone: tuple[str, ...]
) -> None:
    new_batch().run([A])
    for name in gone:
        (store.chain_path("a.example").parent / name).unlink()
    item = new_batch(only_renew=True).run([A]).items[0]
    assert (item.issued, item.present, item.error) == (True, True, None)


def test_a_renewal_leaves_the_order_of_another_run(
    new_batch: NewBatch, authority: Authority, tmp_path: Path
) -> None:
    authority.fail("/cert", *[requests.ConnectionError("reset")] * 3)
    assert errors(new_batch().run([A])) != {}
    key = (tmp_path / "certs" / "a.example" / "order" / "privkey.pem").read_bytes()
    outcome = new_batch(only_renew=True).run([A])
    assert errors(outcome) == {}
    assert not outcome.changed
    assert not outcome.items[0].postponed
    assert errors(new_batch().run([A])) == {}
    assert (tmp_path / "certs" / "a.example" / "privkey.pem").read_bytes() == key


@pytest.mark.parametrize("path", ["/newOrder", "/authz", "/challenge", "/finalize", "/cert"])
def test_a_ca_that_dies_at_each_step(
    new_batch: NewBatch, authority: Authority, tmp_path: Path, path: str
) -> None:
    new_batch().run([B])
    authority.fail(path, *[requests.ConnectionError("reset")] * 3)
    outcome = new_batch().run([A])
    assert "cannot be reached" in errors(outcome)["a.example"]
    # key and order wait for the next run
    assert entries(tmp_path / "certs" / "a.example") == [".lock", "order", "renewal.json"]
    assert entries(tmp_path / "webroot" / ".well-known" / "acme-challenge") == []
    assert errors(new_batch().run([A])) == {}
    assert "order" not in entries(tmp_path / "certs" / "a.example")


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


def test_a_ca_that_sends_something_else(
    new_batch: NewBatch, authority: Authority, tmp_path: Path
) -> None:
    authority.fail("/cert", (200, {}, issue(["a.example"])))
    assert "a certificate for another key" in errors(new_batch().run([A]))["a.example"]
    # such an order is not picked up again
    assert entries(tmp_path / "certs" / "a.example") == [".lock", "renewal.json"]


@pytest.mark.parametrize("path", ["/authz", "/finalize", "/cert"])
@pytest.mark.parametrize("answer", [(200, {}, b"<html>"), (403, {}, b"<html>")])
def test_somebody_else_who_answers_takes_no_order_away(
    new_batch: NewBatch, authority: Authority, tmp_path: Path, path: str, answer: Any
) -> None:
    authority.fail(path, answer)
    assert errors(new_batch().run([A])) != {}
    key = (tmp_path / "certs" / "a.example" / "order" / "privkey.pem").read_bytes()
    assert errors(new_batch(retry=True).run([A])) == {}
    assert (tmp_path / "certs" / "a.example" / "privkey.pem").read_bytes() == key


def test_an_order_that_is_never_understood_is_given_up(
    new_batch: NewBatch, authority: Authority, tmp_path: Path
) -> None:
    for _run in range(6):
        authority.fail("/cert", (200, {}, b"<html>"))
        assert "a chain that cannot be used" in str(errors(new_batch(retry=True).run([A])))
    assert entries(tmp_path / "certs" / "a.example") == [".lock", "renewal.json"]
    assert authority.paths().count("newOrder") == 1


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


def test_nothing_is_proved_but_what_was_ordered(
    new_batch: NewBatch, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, headers, body = authority._authz({}, {}, "other.example")
    monkeypatch.setattr(authority, "_authz", lambda *_: (status, headers, body))
    found = errors(new_batch().run([A]))["a.example"]
    assert "the CA wants control of other.example proved, which was not ordered" in found
    assert "challenge" not in authority.paths()


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
    # the certificate is the same, and nobody has to reload for it
    assert not any(item.issued for item in (*predicted.items, *outcome.items))
    assert predicted.diff == outcome.diff
    assert store.key_path("a.example").stat().st_mode & 0o777 == 0o600
    assert all(item.issued for item in new_batch(force=True).run([A]).items)
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


def test_what_failed_lately_fails_again_without_asking(
    new_batch: NewBatch, authority: Authority
) -> None:
    authority.refused = {"a.example"}
    first = new_batch(retry=False).run([A, B])
    authority.requests.clear()
    second = new_batch(retry=False).run([A, B])
    assert errors(second) == errors(first)
    assert second.items[0].postponed
    assert not second.changed
    assert authority.requests == []
    assert errors(new_batch(retry=False, check_mode=True).run([A, B])) == errors(first)

    authority.refused.clear()
    later = new_batch(retry=False, now=NOW + timedelta(minutes=1)).run([A, B])
    assert errors(later) == {}
    assert changed(later) == ["a.example"]
    assert later.items[0].stored.memory.failure is None


@pytest.mark.parametrize(
    ("status", "seconds", "minutes"), [(429, 7200, 120), (429, 10**9, 7 * 24 * 60), (503, 20, 1)]
)
def test_a_time_that_the_ca_names_is_kept(
    new_batch: NewBatch, authority: Authority, status: int, seconds: int, minutes: int
) -> None:
    authority.fail("/newOrder", problem("rateLimited", status, Retry_After=seconds))
    item = new_batch(order_timeout=10.0).run([A]).items[0]
    failure = item.stored.memory.failure
    assert failure is not None
    assert failure.limited
    assert failure.next_attempt == NOW + timedelta(minutes=minutes)
    assert new_batch().run([A]).items[0].postponed
    assert errors(new_batch(force=True).run([A])) == {}


def test_pauses_grow(new_batch: NewBatch, authority: Authority) -> None:
    authority.refused = {"a.example"}
    now, pauses = NOW, []
    for count in range(1, 6):
        item = new_batch(retry=False, now=now).run([A]).items[0]
        failure = item.stored.memory.failure
        assert failure is not None
        assert failure.count == count
        pauses.append((failure.next_attempt - now).total_seconds() / 60)
        now = failure.next_attempt
    assert pauses == [1, 10, 100, 1440, 1440]


def test_a_failed_look_costs_nothing_and_waits_for_nothing(
    new_batch: NewBatch, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blind:
        def look(self, names: Any, thumbprint: str, _run: Any) -> None:
            assert names == ("a.example",)
            assert thumbprint
            raise AcmeError("it does not resolve", step="probe")

    for _time in range(2):
        outcome = new_batch(retry=False, probe=Blind()).run([A])
        assert errors(outcome) == {"a.example": "probe: it does not resolve"}
        assert not outcome.items[0].postponed
    assert "newOrder" not in authority.paths()
    failure = outcome.items[0].stored.memory.failure
    assert failure is not None
    assert failure.count == 2


def test_the_ca_is_asked_when_to_renew_right_after_issuance(
    new_batch: NewBatch, authority: Authority
) -> None:
    authority.window = (NOW + timedelta(days=40), NOW + timedelta(days=42))
    outcome = new_batch().run([A])
    suggestion = outcome.items[0].stored.memory.suggestion
    assert suggestion is not None
    assert suggestion.moment is not None
    assert authority.window[0] <= suggestion.moment <= authority.window[1]
    assert suggestion.explanation == "https://ca.test/why"

    authority.requests.clear()
    assert not new_batch().run([A]).changed
    assert authority.requests == []


def test_the_ca_is_asked_again_when_it_wanted_to_be(
    new_batch: NewBatch, authority: Authority
) -> None:
    window = authority.window = (NOW + timedelta(days=40), NOW + timedelta(days=42))
    before = new_batch().run([A]).items[0].stored.memory.suggestion
    assert before is not None
    authority.requests.clear()
    # check mode asks nobody
    new_batch(now=before.ask_again, check_mode=True).run([A])
    assert authority.requests == []
    again = new_batch(now=before.ask_again).run([A])
    assert not again.changed
    assert authority.paths("GET") == ["directory", "renewalInfo"]
    after = again.items[0].stored.memory.suggestion
    assert after is not None
    # the moment is not rolled again
    assert after.moment == before.moment

    # a certificate that the CA is about to revoke
    authority.window = (NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    renewed = new_batch(now=after.ask_again).run([A])
    assert changed(renewed) == ["a.example"]
    assert "as its CA suggests" in (renewed.items[0].reason or "")
    assert window != authority.window


def test_nobody_is_asked_where_the_ca_has_no_renewal_information(
    new_batch: NewBatch, authority: Authority
) -> None:
    new_batch().run([A])
    authority.requests.clear()
    assert not new_batch(now=NOW + timedelta(hours=23)).run([A]).changed
    assert authority.requests == []
    # once a day it may have got some
    assert not new_batch(now=NOW + timedelta(days=1)).run([A]).changed
    assert authority.paths("GET") == ["directory"]


def test_a_ca_that_is_down_harms_no_certificate_that_is_not_due(
    new_batch: NewBatch, authority: Authority
) -> None:
    new_batch().run([A, B])
    authority.fail("/directory", *[requests.ConnectionError("refused")] * 9)
    outcome = new_batch(now=NOW + timedelta(days=2)).run([A, B])
    assert errors(outcome) == {}
    assert not outcome.changed
    suggestion = outcome.items[0].stored.memory.suggestion
    assert suggestion is not None
    assert suggestion.failures == 1
    assert suggestion.ask_again == NOW + timedelta(days=2, minutes=1)


@pytest.mark.parametrize("name", ["renewal.json", "order/order.json", "order/privkey.pem"])
@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"\xff\x00", b'{"version": 1}', b"null"])
def test_garbage_in_what_was_remembered_is_nothing_remembered(
    new_batch: NewBatch, tmp_path: Path, name: str, garbage: bytes
) -> None:
    new_batch().run([A])
    path = tmp_path / "certs" / "a.example" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(garbage)
    assert not new_batch(check_mode=True).run([A]).changed
    outcome = new_batch(force=True).run([A])
    assert errors(outcome) == {}
    assert "order" not in entries(tmp_path / "certs" / "a.example")


def test_revoked_and_issued_anew(new_batch: NewBatch, authority: Authority) -> None:
    new_batch().run([A])
    revoked = wanted("a.example", state="revoked")
    predicted = new_batch(check_mode=True).run([revoked])
    assert authority.revoked == []
    outcome = new_batch(revocation_reason="superseded").run([revoked])
    assert errors(outcome) == {}
    assert changed(outcome) == changed(predicted) == ["a.example"]
    assert outcome.diff == predicted.diff
    assert [each[1:] for each in authority.revoked] == [(4, False)]
    again = new_batch().run([revoked])
    assert not again.changed
    assert again.items[0].reason == "it was revoked on 2026-11-22T14:00:00Z"
    assert len(authority.revoked) == 1

    anew = new_batch().run([A])
    assert changed(anew) == ["a.example"]
    assert anew.items[0].reason == "it was revoked on 2026-11-22T14:00:00Z"
    assert not new_batch().run([A]).changed


def test_a_compromised_key_signs_its_own_revocation(
    new_batch: NewBatch, authority: Authority
) -> None:
    new_batch().run([wanted("a.example", key_type="P-384")])
    new_batch(revocation_reason="key_compromise").run([wanted("a.example", state="revoked")])
    assert [each[1:] for each in authority.revoked] == [(1, True)]


def test_revoked_with_its_key_where_the_account_is_another(
    new_batch: NewBatch, authority: Authority
) -> None:
    new_batch().run([A])
    authority.fail("/revokeCert", problem("unauthorized", 403))
    outcome = new_batch().run([wanted("a.example", state="revoked")])
    assert errors(outcome) == {}
    assert [each[1:] for each in authority.revoked] == [(0, True)]


def test_revoked_and_removed(new_batch: NewBatch, authority: Authority, tmp_path: Path) -> None:
    gone = wanted("a.example", state=ABSENT)
    new_batch().run([A])
    authority.fail("/revokeCert", problem("serverInternal", 400))
    assert "revocation: " in errors(new_batch(revoke=True).run([gone]))["a.example"]
    # it can be tried again
    assert (tmp_path / "certs" / "a.example" / "fullchain.pem").exists()
    outcome = new_batch(revoke=True).run([gone])
    assert errors(outcome) == {}
    assert not (tmp_path / "certs" / "a.example").exists()
    assert len(authority.revoked) == 1
    assert not new_batch(revoke=True).run([gone]).changed


def test_only_the_ca_that_issued_a_certificate_can_revoke_it(
    new_batch: NewBatch, authority: Authority, tmp_path: Path
) -> None:
    new_batch().run([A])
    other = {"directory": "https://other.test/directory", "revoke": True}
    found = errors(new_batch(**other).run([wanted("a.example", state=ABSENT)]))["a.example"]
    assert f"it was issued by {DIRECTORY}, and only that CA can revoke it" in found
    assert (tmp_path / "certs" / "a.example" / "fullchain.pem").exists()


def test_what_is_expired_or_not_there_is_not_revoked(
    new_batch: NewBatch, authority: Authority
) -> None:
    revoked = wanted("a.example", state="revoked")
    assert not new_batch().run([revoked]).changed
    new_batch().run([A])
    assert not new_batch(now=NOW + timedelta(days=365)).run([revoked]).changed
    assert authority.revoked == []


@pytest.mark.parametrize("file", ["privkey.pem", "state.json"])
@pytest.mark.parametrize("state", ["revoked", ABSENT])
def test_revoking_needs_the_chain_alone(
    new_batch: NewBatch, authority: Authority, tmp_path: Path, file: str, state: str
) -> None:
    new_batch().run([A])
    (tmp_path / "certs" / "a.example" / file).unlink()
    outcome = new_batch(revoke=True).run([wanted("a.example", state=state)])
    assert errors(outcome) == {}
    assert changed(outcome) == ["a.example"]
    assert len(authority.revoked) == 1


@pytest.mark.parametrize("state", ["revoked", ABSENT])
def test_a_chain_that_cannot_be_read_cannot_be_revoked(
    new_batch: NewBatch, authority: Authority, tmp_path: Path, state: str
) -> None:
    new_batch().run([A])
    chain = tmp_path / "certs" / "a.example" / "fullchain.pem"
    chain.write_bytes(b"half")
    for check_mode in (True, False):
        outcome = new_batch(revoke=True, check_mode=check_mode).run(
            [wanted("a.example", state=state)]
        )
        assert "nobody can tell which certificate it is" in errors(outcome)["a.example"]
    assert chain.exists()
    assert authority.revoked == []
    assert changed(new_batch().run([wanted("a.example", state=ABSENT)])) == ["a.example"]


def test_what_cost_the_ca_nothing_makes_no_pause_longer(
    new_batch: NewBatch, authority: Authority
) -> None:
    class Blind:
        def look(self, _names: Any, _thumbprint: str, _run: Any) -> None:
            raise AcmeError("it does not resolve", step="probe")

    for _time in range(5):
        new_batch(retry=False, probe=Blind()).run([A])
    authority.refused = {"a.example"}
    failure = new_batch(retry=False).run([A]).items[0].stored.memory.failure
    assert failure is not None
    assert (failure.count, failure.next_attempt - NOW) == (1, timedelta(minutes=1))


def test_modes_are_put_right_while_a_certificate_waits_for_its_next_attempt(
    new_batch: NewBatch, authority: Authority, store: CertificateStore
) -> None:
    new_batch().run([A])
    more = wanted("a.example", "x.example")
    authority.refused = {"x.example"}
    new_batch(retry=False).run([more])
    store.key_path("a.example").chmod(0o644)
    predicted = new_batch(retry=False, check_mode=True).run([more])
    outcome = new_batch(retry=False).run([more])
    assert changed(predicted) == changed(outcome) == ["a.example"]
    assert outcome.items[0].postponed
    assert outcome.items[0].error is not None
    assert store.key_path("a.example").stat().st_mode & 0o777 == 0o600
    assert not new_batch(retry=False).run([more]).changed


def test_what_this_host_cannot_do_stops_no_other(new_batch: NewBatch) -> None:
    broken = wanted("b.example", error=AcmeError("b.csr cannot be read"))
    outcome = new_batch().run([A, broken, C])
    assert changed(outcome) == ["a.example", "c.example"]
    assert errors(outcome) == {"b.example": "b.csr cannot be read"}
