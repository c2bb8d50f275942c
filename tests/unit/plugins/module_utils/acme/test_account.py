# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account at the CA: created, found again, and bound to one that the CA knows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account import Account
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_folder import (
    folder_name,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_plan import (
    AccountOptions,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.binding import Binding
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import (
    PREFIX,
    AcmeError,
    Problem,
    ProblemError,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.network import Network
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.registration import (
    ClosedAccountError,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.rollover import RolloverRule
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.waiting import Deadline
from unit.plugins.module_utils.acme.authority import DIRECTORY, TERMS, Answer, Authority, problem
from unit.plugins.module_utils.acme.folders import entries
from unit.plugins.module_utils.acme.killing import dies_after

MAIL = ("mailto:hostmaster@example.org",)
BINDING = Binding("kid-1", b"a secret of thirty-two characters")
NewNetwork = Callable[[], Network]


@pytest.fixture
def account(tmp_path: Path) -> Callable[..., Account]:
    """The account as a new run sees it, with other options where they are given."""

    def make(
        contact: tuple[str, ...] | None = MAIL,
        terms_agreed: bool = True,
        key_type: str = "P-256",
        **more: Any,
    ) -> Account:
        options = AccountOptions(contact, terms_agreed, key_type, **more)
        return Account(tmp_path, DIRECTORY, options)

    return make


@pytest.fixture
def ensure(account: Callable[..., Account], new_network: NewNetwork) -> Callable[..., Account]:
    """Make sure of the account, as a new run would."""

    def run(**options: Any) -> Account:
        found = account(**options)
        found.ensure(new_network(), Deadline(5))
        return found

    return run


MakeAccount = Callable[..., Account]
Ensure = Callable[..., Account]


def folder(storage: Path) -> Path:
    return storage / "account" / folder_name(DIRECTORY)


def posts(authority: Authority) -> list[dict[str, Any]]:
    return [payload for method, _path, payload in authority.requests if method == "POST"]


@pytest.mark.parametrize("key_type", ["P-256", "RSA-2048"])
def test_created_once(ensure: Ensure, authority: Authority, key_type: str) -> None:
    first = ensure(key_type=key_type)
    assert first.changed
    assert len(authority.requests) == 3
    second = ensure(key_type=key_type)
    assert not second.changed
    assert len(authority.requests) == 3
    assert first.url == second.url
    assert first.thumbprint == second.thumbprint
    assert authority.requests[-1][2] == {"contact": list(MAIL), "termsOfServiceAgreed": True}


def test_the_key_type_matters_only_when_the_key_is_made(ensure: Ensure) -> None:
    before = ensure(key_type="P-256")
    after = ensure(key_type="RSA-2048")
    assert not after.changed
    assert after.thumbprint == before.thumbprint


def test_no_consent_no_account(ensure: Ensure, authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(AcmeError, match="set terms_agreed to true"):
        ensure(terms_agreed=False)
    assert authority.requests == []
    assert list(tmp_path.iterdir()) == []


def test_where_the_ca_is_asked_its_terms_are_named(
    ensure: Ensure, account: MakeAccount, authority: Authority, new_network: NewNetwork
) -> None:
    forgotten = ensure().url
    authority.accounts.clear()
    with pytest.raises(AcmeError, match=f"no longer knows the account .* Read them .{TERMS}."):
        ensure(terms_agreed=False, contact=())
    network = new_network()
    network.account_url = forgotten
    with pytest.raises(AcmeError, match=TERMS):
        account(terms_agreed=False).renew(forgotten, network, Deadline(5))


def test_an_account_that_exists_needs_no_consent(ensure: Ensure, tmp_path: Path) -> None:
    before = ensure().url
    assert not ensure(terms_agreed=False).changed
    (folder(tmp_path) / "account.json").unlink()
    assert ensure(terms_agreed=False).url == before


def test_contact_follows(ensure: Ensure, authority: Authority) -> None:
    ensure()
    assert ensure(contact=()).changed
    assert authority.requests[-1][2] == {"contact": []}
    assert not ensure(contact=()).changed
    assert not ensure(contact=None).changed


def test_the_same_key_is_the_same_account(
    ensure: Ensure, authority: Authority, tmp_path: Path
) -> None:
    before = ensure()
    (folder(tmp_path) / "account.json").unlink()
    again = ensure(contact=("mailto:new@example.org",))
    assert again.changed
    assert again.url == before.url
    assert authority.contacts[str(again.url)] == ["mailto:new@example.org"]


def test_a_contact_that_only_the_ca_remembers_is_kept(
    ensure: Ensure, authority: Authority, tmp_path: Path
) -> None:
    ensure()
    (folder(tmp_path) / "account.json").unlink()
    registration = ensure(contact=None).read().registration
    assert registration is not None
    assert registration.contact == MAIL
    assert posts(authority)[-1] == {"onlyReturnExisting": True}


def test_a_key_brought_along_that_no_account_has(
    ensure: Ensure, authority: Authority, tmp_path: Path
) -> None:
    before = ensure()
    (folder(tmp_path) / "account.json").unlink()
    authority.accounts.clear()
    again = ensure()
    assert again.thumbprint == before.thumbprint
    assert again.url in authority.accounts.values()


def test_the_record_of_another_key_is_not_believed(
    ensure: Ensure, authority: Authority, tmp_path: Path
) -> None:
    ensure()
    record = (folder(tmp_path) / "account.json").read_bytes()
    (folder(tmp_path) / "key.pem").unlink()
    second = ensure()
    (folder(tmp_path) / "account.json").write_bytes(record)
    assert ensure().url == second.url
    assert len(authority.accounts) == 2


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"\xff", b'{"url": 5}', b'{"contact": 5}'])
def test_a_damaged_registration_is_none(ensure: Ensure, tmp_path: Path, garbage: bytes) -> None:
    before = ensure()
    (folder(tmp_path) / "account.json").write_bytes(garbage)
    assert ensure().url == before.url


def test_a_damaged_key_is_kept_aside(ensure: Ensure, tmp_path: Path) -> None:
    before = ensure().thumbprint
    (folder(tmp_path) / "key.pem").write_bytes(b"half a key")
    assert ensure().thumbprint != before
    assert (folder(tmp_path) / "key.pem.unreadable").read_bytes() == b"half a key"


def test_the_key_outlives_a_refusal(ensure: Ensure, authority: Authority, tmp_path: Path) -> None:
    authority.fail("/newAccount", problem("unsupportedContact"))
    with pytest.raises(AcmeError, match="unsupportedContact"):
        ensure()
    key = (folder(tmp_path) / "key.pem").read_bytes()
    ensure()
    assert (folder(tmp_path) / "key.pem").read_bytes() == key


def test_a_mistyped_directory_leaves_nothing(
    ensure: Ensure, authority: Authority, tmp_path: Path
) -> None:
    authority.fail("/directory", (404, {}, b""))
    with pytest.raises(AcmeError, match="Check acme_directory"):
        ensure()
    assert list(tmp_path.iterdir()) == []


def test_a_forgotten_account_whose_contact_changes(ensure: Ensure, authority: Authority) -> None:
    ensure()
    authority.accounts.clear()
    changed = ensure(contact=("mailto:new@example.org",))
    assert changed.url in authority.accounts.values()
    assert authority.contacts[str(changed.url)] == ["mailto:new@example.org"]


def test_many_threads_find_out_that_the_account_is_forgotten(
    ensure: Ensure, account: MakeAccount, authority: Authority, new_network: NewNetwork
) -> None:
    forgotten = ensure().url
    authority.accounts.clear()
    network, shared = new_network(), account(contact=None)
    network.account_url = forgotten
    threads = [
        threading.Thread(target=lambda: shared.renew(forgotten, network, Deadline(5)))
        for _number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared.changed
    assert list(authority.accounts.values()) == [network.account_url]
    assert authority.contacts[str(network.account_url)] == list(MAIL)


@pytest.mark.parametrize("contact", [MAIL, ("mailto:new@example.org",)])
def test_an_account_that_was_closed_is_an_error_that_says_what_to_do(
    ensure: Ensure, authority: Authority, tmp_path: Path, contact: tuple[str, ...]
) -> None:
    authority.closed.add(str(ensure().url))
    if contact == MAIL:
        (folder(tmp_path) / "account.json").unlink()
    with pytest.raises(ClosedAccountError) as caught:
        ensure(contact=contact)
    assert "Remove it with acme_account and state absent" in str(caught.value)
    assert "/.well-known/" not in str(caught.value)


@pytest.mark.parametrize("status", ["deactivated", "revoked"])
def test_a_closed_account_of_a_ca_that_only_says_its_status(
    ensure: Ensure, authority: Authority, tmp_path: Path, status: str
) -> None:
    location = {"Location": str(ensure().url)}
    (folder(tmp_path) / "account.json").unlink()
    authority.fail("/newAccount", (200, location, {"status": status}))
    with pytest.raises(ClosedAccountError, match=f"its status is {status}"):
        ensure()


def test_a_key_that_another_host_has_replaced(
    ensure: Ensure, authority: Authority, tmp_path: Path
) -> None:
    ensure()
    copy = {path: path.read_bytes() for path in folder(tmp_path).iterdir()}
    ensure(rollover=RolloverRule(always=True))
    for path, content in copy.items():
        path.write_bytes(content)
    with pytest.raises(AcmeError, match="another host gave the account a new key"):
        ensure(contact=())


def test_a_refusal_that_has_nothing_to_do_with_the_key(
    ensure: Ensure, authority: Authority
) -> None:
    ensure()
    authority.fail("/account", problem("malformed"))
    with pytest.raises(AcmeError, match=r"the CA refused the account's contact: .*malformed"):
        ensure(contact=())


@pytest.mark.parametrize("closed", [False, True])
def test_many_refusals_are_one_question(
    account: MakeAccount,
    ensure: Ensure,
    authority: Authority,
    new_network: NewNetwork,
    closed: bool,
) -> None:
    url = str(ensure().url)
    if closed:
        authority.closed.add(url)
    asked = authority.paths().count("newAccount")
    refusal = ProblemError("the CA refused the order", Problem(f"{PREFIX}malformed"))
    shared, network = account(), new_network()
    for _order in range(5):
        with pytest.raises(ClosedAccountError) if closed else nullcontext():
            shared.explain(refusal, network, Deadline(5))
    assert authority.paths().count("newAccount") == asked + 1


def test_a_ca_that_does_not_say_where_the_account_is(ensure: Ensure, authority: Authority) -> None:
    authority.fail("/newAccount", (201, {}, {"status": "valid"}))
    with pytest.raises(AcmeError, match="Report this to the CA"):
        ensure()


def test_a_ca_that_wants_to_be_left_alone_is(
    authority: Authority, new_network: NewNetwork, tmp_path: Path
) -> None:
    began = datetime.now(timezone.utc)

    def run(minutes: int, force: bool = False) -> Account:
        options = AccountOptions(MAIL, True, "P-256", force=force)
        now = began + timedelta(minutes=minutes)
        found = Account(tmp_path, DIRECTORY, options, now=lambda: now)
        found.ensure(new_network(), Deadline(5))
        return found

    limit = problem("rateLimited", 429, Retry_After=7200)
    authority.fail("/newAccount", limit)
    with pytest.raises(AcmeError) as first:
        run(0)
    asked = len(authority.requests)
    with pytest.raises(AcmeError) as again:
        run(119)
    assert str(again.value) == str(first.value)
    assert again.value.problem == first.value.problem
    assert len(authority.requests) == asked
    assert (folder(tmp_path) / "failure.json").stat().st_mode & 0o777 == 0o600
    authority.fail("/newAccount", limit)
    with pytest.raises(AcmeError, match="rateLimited"):
        run(119, force=True)
    assert len(authority.requests) > asked
    # a clock that was ahead when that was written
    assert run(-60).changed
    assert entries(folder(tmp_path)) == [".lock", "account.json", "key.pem"]


def test_a_limit_ends(
    account: MakeAccount, authority: Authority, new_network: NewNetwork, tmp_path: Path
) -> None:
    authority.fail("/newAccount", problem("rateLimited", 429, Retry_After=7200))
    with pytest.raises(AcmeError, match="rateLimited"):
        account().ensure(new_network(), Deadline(5))
    later = datetime.now(timezone.utc) + timedelta(hours=3)
    options = AccountOptions(MAIL, True, "P-256")
    found = Account(tmp_path, DIRECTORY, options, now=lambda: later)
    found.ensure(new_network(), Deadline(5))
    assert found.changed


def test_bound_to_an_account_that_the_ca_knows(ensure: Ensure, authority: Authority) -> None:
    authority.binding_required = True
    authority.binding_keys = {BINDING.kid: BINDING.key}
    assert ensure(binding=BINDING).changed
    # neither the secret nor its owner are needed any more
    assert ensure(contact=()).changed


def test_a_ca_that_wants_a_binding_is_told_nothing_without_one(
    ensure: Ensure, authority: Authority, tmp_path: Path
) -> None:
    authority.binding_required = True
    with pytest.raises(AcmeError, match="Set eab_kid and eab_hmac_key"):
        ensure()
    assert authority.paths() == []
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_the_ca_knows_needs_no_binding(
    ensure: Ensure, authority: Authority, tmp_path: Path
) -> None:
    before = ensure().url
    authority.binding_required = True
    (folder(tmp_path) / "account.json").unlink()
    assert ensure().url == before


def test_a_binding_that_the_ca_refuses(ensure: Ensure, authority: Authority) -> None:
    authority.binding_keys = {BINDING.kid: b"another"}
    with pytest.raises(AcmeError, match="Make sure that eab_kid, eab_hmac_key") as caught:
        ensure(binding=BINDING)
    assert "well-known" not in str(caught.value)
    assert BINDING.key.decode() not in str(caught.value)


def test_a_binding_that_can_be_used_once_is_used_once(
    ensure: Ensure, authority: Authority, account: MakeAccount, new_network: NewNetwork
) -> None:
    """A run dies between the CA's answer and the record of it."""
    authority.binding_keys = {BINDING.kid: BINDING.key}
    for steps in range(200):
        killed = dies_after(
            steps,
            authority,
            lambda: account(binding=BINDING).ensure(new_network(), Deadline(5)),
        )
        if authority.accounts:
            authority.binding_keys.clear()
            break
    assert killed
    assert ensure(binding=BINDING).url in authority.accounts.values()


def test_an_answer_that_gets_lost(
    ensure: Ensure, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = authority._new_account
    lost: list[Answer] = []

    def lose_the_first(*args: Any) -> Answer:
        found = answer(*args)
        if not lost:
            lost.append(found)
            raise requests.ConnectionError("reset")
        return found

    monkeypatch.setattr(authority, "_new_account", lose_the_first)
    ensure()
    assert len(authority.accounts) == 1


def test_killed_while_it_is_created(
    account: MakeAccount, ensure: Ensure, authority: Authority, new_network: NewNetwork
) -> None:
    """After each kill one more run has the account, the only one, and no key was lost."""
    for steps in range(200):
        killed = dies_after(steps, authority, lambda: account().ensure(new_network(), Deadline(5)))
        found = ensure()
        assert list(authority.accounts.values()) == [found.url], f"killed at {steps}"
        assert not ensure().changed
        assert account().read().registered
        found.remove(new_network(), Deadline(5))
        authority.accounts.clear()
        if not killed:
            assert steps > 15
            return
    pytest.fail("it never came to an end")


def test_each_directory_has_its_own(ensure: Ensure, tmp_path: Path) -> None:
    ensure()
    other = Account(tmp_path, f"{DIRECTORY}/other", AccountOptions((), True, "P-256"))
    assert other.url is None
    assert other.planned_change() == "no account is recorded here"
    assert len(entries(tmp_path / "account")) == 1
