# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Issuing one certificate: what is ordered, with which key, and what an interrupted run has left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import Batch
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    key_to_pem,
    make_key,
    public_der,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.outcome import Item
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.signing_request import (
    SigningRequest,
    make_signing_request,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from unit.plugins.module_utils.acme.authority import Authority, problem
from unit.plugins.module_utils.acme.folders import entries
from unit.plugins.module_utils.acme.issuing import NOW

Issue = Callable[..., Item]
A = CertificateRequest("a.example", ("a.example",))
WINDOW = (NOW + timedelta(days=40), NOW + timedelta(days=42))


@pytest.fixture
def issue(new_batch: Callable[..., Batch]) -> Issue:
    """Run a batch of one certificate that has to come out well."""

    def run(request: CertificateRequest = A, **options: Any) -> Item:
        (item,) = new_batch(**options).run([request]).items
        assert item.error is None
        return item

    return run


@pytest.fixture
def interrupt(new_batch: Callable[..., Batch], authority: Authority) -> Callable[[str], None]:
    """Run a batch that loses the CA at a path."""

    def run(path: str) -> None:
        authority.fail(path, *[requests.ConnectionError("reset")] * 3)
        (item,) = new_batch().run([A]).items
        assert item.error is not None

    return run


def orders(authority: Authority) -> list[dict[str, Any]]:
    return [body for _method, path, body in authority.requests if path == "/newOrder"]


def test_names_and_addresses_are_ordered_as_what_they_are(
    issue: Issue, authority: Authority
) -> None:
    authority.proved.update(("a.example", "192.0.2.1"))
    issue(replace(A, names=("192.0.2.1", "a.example")))
    assert orders(authority)[0]["identifiers"] == [
        {"type": "ip", "value": "192.0.2.1"},
        {"type": "dns", "value": "a.example"},
    ]


@pytest.mark.parametrize("path", ["/authz", "/challenge", "/finalize", "/cert"])
def test_an_order_of_an_interrupted_run_is_picked_up(
    issue: Issue, interrupt: Callable[[str], None], authority: Authority, path: str
) -> None:
    interrupt(path)
    item = issue()
    assert item.changed
    assert len(orders(authority)) == 1


def test_the_key_of_an_interrupted_run_is_not_lost(
    issue: Issue, interrupt: Callable[[str], None], store: CertificateStore, tmp_path: Path
) -> None:
    # the CA has issued, and nobody has fetched it
    interrupt("/cert")
    key = (tmp_path / "certs" / "a.example" / "order" / "privkey.pem").read_bytes()
    issue()
    assert store.key_path("a.example").read_bytes() == key
    assert store.key_path("a.example").stat().st_mode & 0o777 == 0o600
    assert "order" not in entries(tmp_path / "certs" / "a.example")


def test_an_issued_order_whose_key_is_lost_is_placed_again(
    issue: Issue, interrupt: Callable[[str], None], authority: Authority, tmp_path: Path
) -> None:
    interrupt("/cert")
    (tmp_path / "certs" / "a.example" / "order" / "privkey.pem").unlink()
    issue()
    assert len(orders(authority)) == 2


@pytest.mark.parametrize(
    "answer", [(200, {}, {"status": "invalid"}), problem("malformed", 404), (200, {}, {})]
)
def test_an_order_that_came_to_nothing_is_placed_again(
    issue: Issue, interrupt: Callable[[str], None], authority: Authority, answer: Any
) -> None:
    interrupt("/finalize")
    authority.fail("/order", answer)
    issue()
    assert len(orders(authority)) == 2


@pytest.mark.parametrize("change", [{"names": ("a.example", "b.example")}, {"key_type": "P-384"}])
def test_an_order_for_something_else_is_not_picked_up(
    issue: Issue, interrupt: Callable[[str], None], authority: Authority, change: dict[str, Any]
) -> None:
    interrupt("/finalize")
    issue(replace(A, **change))
    assert len(orders(authority)) == 2


def test_an_order_of_another_account_is_not_picked_up(
    issue: Issue, interrupt: Callable[[str], None], authority: Authority, tmp_path: Path
) -> None:
    interrupt("/finalize")
    for path in (tmp_path / "account").rglob("*.*"):
        if path.is_file():
            path.unlink()
    issue()
    assert len(orders(authority)) == 2


def test_a_renewal_names_what_it_replaces(
    issue: Issue, authority: Authority, store: CertificateStore
) -> None:
    authority.window = WINDOW
    issue()
    before = store.read("a.example").certificate
    issue(force=True)
    assert before is not None
    assert [each.get("replaces") for each in orders(authority)] == [None, before.renewal_id]


@pytest.mark.parametrize(
    "answer", [problem("alreadyReplaced", 409), problem("malformed"), problem("unauthorized", 403)]
)
def test_a_ca_that_does_not_like_the_predecessor_is_asked_without(
    issue: Issue, authority: Authority, answer: Any
) -> None:
    authority.window = WINDOW
    issue()
    authority.fail("/newOrder", answer)
    issue(force=True)
    assert ["replaces" in each for each in orders(authority)] == [False, True, False]


def test_a_limit_is_not_about_the_predecessor(
    new_batch: Callable[..., Batch], issue: Issue, authority: Authority
) -> None:
    authority.window = WINDOW
    issue()
    authority.fail("/newOrder", problem("rateLimited", 429))
    (item,) = new_batch(force=True).run([A]).items
    assert "rateLimited" in str(item.error)
    assert len(orders(authority)) == 2


@pytest.mark.parametrize("names", [("b.example",), ("a.example", "b.example")])
def test_a_predecessor_has_a_name_in_common(
    issue: Issue, authority: Authority, names: tuple[str, ...]
) -> None:
    authority.window = WINDOW
    issue()
    issue(replace(A, names=names))
    assert ("replaces" in orders(authority)[1]) == ("a.example" in names)


def test_no_predecessor_without_renewal_information(issue: Issue, authority: Authority) -> None:
    issue()
    issue(force=True)
    assert "replaces" not in orders(authority)[1]


def test_no_predecessor_of_another_account(
    issue: Issue, authority: Authority, tmp_path: Path
) -> None:
    authority.window = WINDOW
    issue()
    for path in (tmp_path / "account").rglob("*.*"):
        if path.is_file():
            path.unlink()
    issue(force=True)
    assert "replaces" not in orders(authority)[1]


def test_a_profile(
    new_batch: Callable[..., Batch], issue: Issue, authority: Authority, store: CertificateStore
) -> None:
    (item,) = new_batch().run([replace(A, profile="shortlived")]).items
    assert "no profile 'shortlived'. It offers none" in str(item.error)
    authority.profiles = {"shortlived": "days", "classic": "months"}
    issue(replace(A, profile="shortlived"))
    assert orders(authority)[0]["profile"] == "shortlived"
    origin = store.read("a.example").origin
    assert origin is not None
    assert origin.profile == "shortlived"
    (item,) = new_batch().run([replace(A, profile="tlsserver")]).items
    assert "It offers classic, shortlived." in str(item.error)


def test_the_preferred_chain(issue: Issue, authority: Authority, store: CertificateStore) -> None:
    authority.alternates = ["Other Root", "Old Root"]
    assert issue(replace(A, preferred_chain="Test CA")).warnings == []
    assert store.chain("a.example").count(b"BEGIN CERT") == 1
    assert issue(replace(A, preferred_chain="Old Root"), force=True).warnings == []
    assert store.chain("a.example").count(b"BEGIN CERT") == 2
    item = issue(replace(A, preferred_chain="No Root"), force=True)
    assert item.warnings == [
        "a.example: the CA offers no chain to No Root; the one to Test CA was taken."
    ]
    # what is there stays, whatever is preferred
    assert not issue(replace(A, preferred_chain="Old Root")).changed


def test_a_key_that_is_kept(issue: Issue, store: CertificateStore) -> None:
    keeping = replace(A, reuse_key=True)
    issue(keeping)
    before = store.key_path("a.example").read_bytes()
    issue(keeping, force=True)
    assert store.key_path("a.example").read_bytes() == before
    issue(replace(keeping, key_type="RSA-2048"))
    assert store.key_path("a.example").read_bytes() != before


def test_the_operators_own_signing_request(
    issue: Issue, store: CertificateStore, tmp_path: Path
) -> None:
    key = make_key("P-384")
    csr = SigningRequest(make_signing_request(key, A.names), A.names, public_der(key.public_key()))
    issue()
    own = replace(A, csr=csr)
    item = issue(own)
    assert item.changed
    assert item.stored.certificate is not None
    assert item.stored.certificate.public_key == csr.public_key
    assert "privkey.pem" not in entries(tmp_path / "certs" / "a.example")
    assert not issue(own).changed
    assert issue(own, force=True).changed
    # and back again
    assert issue().changed
    assert store.key("a.example") is not None
    assert not issue().changed


def test_an_operators_key_beside_the_certificate_stays(
    issue: Issue, store: CertificateStore
) -> None:
    key = make_key("P-256")
    csr = SigningRequest(make_signing_request(key, A.names), A.names, public_der(key.public_key()))
    path = store.key_path("a.example")
    path.parent.mkdir(parents=True)
    path.write_bytes(key_to_pem(key))
    path.chmod(0o600)
    for force in (False, True):
        assert issue(replace(A, csr=csr), force=force).changed
        assert path.read_bytes() == key_to_pem(key)
        assert not path.is_symlink()
    assert not issue(replace(A, csr=csr)).changed


def test_a_full_disk_after_publishing_does_not_hide_what_is_new(
    issue: Issue, store: CertificateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "remember", full)
    assert issue().changed


def test_an_account_that_was_closed_is_named_as_the_cause(
    issue: Issue, new_batch: Callable[..., Batch], authority: Authority
) -> None:
    issue()
    authority.closed.update(authority.accounts.values())
    (item,) = new_batch().run([replace(A, names=("a.example", "b.example"))]).items
    assert item.error is not None
    assert item.error.step == "account"
    assert "Remove it with acme_account and state absent" in str(item.error)


def test_an_order_that_is_refused_for_its_own_sake(
    new_batch: Callable[..., Batch], authority: Authority
) -> None:
    authority.fail("/newOrder", problem("malformed"))
    (item,) = new_batch().run([A]).items
    assert item.error is not None
    assert item.error.step == "order"


def test_a_key_of_before_that_does_not_fit_does_not_stay(
    issue: Issue, store: CertificateStore, tmp_path: Path
) -> None:
    key = make_key("P-256")
    csr = SigningRequest(make_signing_request(key, A.names), A.names, public_der(key.public_key()))
    path = store.key_path("a.example")
    path.parent.mkdir(parents=True)
    path.write_bytes(key_to_pem(make_key("P-256")))
    assert issue(replace(A, csr=csr)).changed
    assert "privkey.pem" not in entries(tmp_path / "certs" / "a.example")


def test_keeping_the_key_from_now_on_finishes_what_was_handed_in_with_another(
    issue: Issue, authority: Authority, new_batch: Callable[..., Batch], store: CertificateStore
) -> None:
    issue()
    before = store.key_path("a.example").read_bytes()
    authority.fail("/cert", *[requests.ConnectionError("reset")] * 3)
    new_batch(force=True).run([A])
    issue(replace(A, reuse_key=True), force=True)
    assert store.key_path("a.example").read_bytes() != before
    assert len(orders(authority)) == 2
