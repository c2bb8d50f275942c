# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another key for the same account, whatever interrupts the change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.network import Network
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.registration import (
    ClosedAccountError,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.rollover import RolloverRule
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.waiting import Deadline
from unit.plugins.module_utils.acme.authority import DIRECTORY, Answer, Authority, problem
from unit.plugins.module_utils.acme.folders import entries
from unit.plugins.module_utils.acme.killing import dies_after

SETTLED = [".lock", "account.json", "key.pem"]
NEW_KEY = RolloverRule(always=True)

MakeAccount = Callable[..., Account]
Ensure = Callable[..., "Seen"]


@dataclass(frozen=True)
class Seen:
    """What one run left."""

    changed: bool
    url: str | None
    thumbprint: str | None
    key_type: str | None


@pytest.fixture
def account(tmp_path: Path) -> MakeAccount:
    """The account as a new run sees it."""

    def make(rollover: RolloverRule | None = None, now: datetime | None = None) -> Account:
        moment = now or datetime.now(timezone.utc)
        options = AccountOptions(None, True, "P-256", rollover=rollover)
        return Account(tmp_path, DIRECTORY, options, now=lambda: moment)

    return make


@pytest.fixture
def ensure(account: MakeAccount, new_network: Callable[[], Network]) -> Ensure:
    """Make sure of the account, as a new run would; then use it."""

    def run(rollover: RolloverRule | None = None, **more: Any) -> Seen:
        found = account(rollover, **more)
        network = new_network()
        found.ensure(network, Deadline(5))
        # whichever key it is, the CA must know it
        network.post(str(found.url), None, Deadline(5), what="the account")
        key = found.read().key
        return Seen(found.changed, found.url, found.thumbprint, key.key_type if key else None)

    return run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The folder of the account."""
    return tmp_path / "account" / folder_name(DIRECTORY)


def test_another_kind_of_key(ensure: Ensure, authority: Authority, path: Path) -> None:
    before = ensure()
    after = ensure(RolloverRule("RSA-2048"))
    assert after.changed
    assert after.url == before.url
    assert after.thumbprint != before.thumbprint
    assert list(authority.accounts.values()) == [before.url]
    assert after.key_type == "RSA-2048"
    assert entries(path) == SETTLED
    assert not ensure(RolloverRule("RSA-2048")).changed
    # without a rule, as acme_cert has none, the kind does not matter
    assert not ensure().changed


def test_a_new_key_in_every_run(ensure: Ensure, authority: Authority) -> None:
    thumbprints = [ensure(NEW_KEY).thumbprint for _run in range(3)]
    assert len(set(thumbprints)) == 3
    # the first run has made one anyway
    assert authority.paths().count("keyChange") == 2


def test_a_key_that_gets_too_old(ensure: Ensure) -> None:
    rule = RolloverRule(max_age=30)
    before = ensure(rule).thumbprint
    today = datetime.now(timezone.utc)
    assert ensure(rule, now=today + timedelta(days=29)).thumbprint == before
    later = ensure(rule, now=today + timedelta(days=31))
    assert later.thumbprint != before
    assert not ensure(rule, now=today + timedelta(days=29)).changed


def test_a_ca_that_cannot_change_keys_leaves_the_old_one(
    ensure: Ensure, authority: Authority, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ensure().thumbprint
    entry = authority._directory()
    del entry["keyChange"]
    monkeypatch.setattr(authority, "_directory", lambda: entry)
    with pytest.raises(AcmeError, match="has no entry keyChange"):
        ensure(NEW_KEY)
    assert entries(path) == SETTLED
    assert ensure().thumbprint == before


def test_a_refused_key_is_kept_under_another_name(
    ensure: Ensure, authority: Authority, path: Path
) -> None:
    before = ensure().thumbprint
    authority.fail("/keyChange", problem("badPublicKey"))
    with pytest.raises(AcmeError, match="Choose an account_key_type"):
        ensure(RolloverRule("RSA-2048"))
    assert entries(path) == [*SETTLED, "key.pem.unused"]
    assert ensure().thumbprint == before
    assert ensure(RolloverRule("RSA-2048")).thumbprint != before


def test_an_answer_that_gets_lost(
    ensure: Ensure, authority: Authority, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is sent again, with the old key, which the CA knows no longer."""
    before = ensure().thumbprint
    change = authority._key_change
    lost: list[Answer] = []

    def lose_the_first(*args: Any) -> Answer:
        found = change(*args)
        if not lost:
            lost.append(found)
            raise requests.ConnectionError("reset")
        return found

    monkeypatch.setattr(authority, "_key_change", lose_the_first)
    after = ensure(NEW_KEY)
    assert lost
    assert after.thumbprint != before
    assert entries(path) == SETTLED


def test_a_ca_that_falls_silent_leaves_both_keys(
    ensure: Ensure, authority: Authority, path: Path
) -> None:
    ensure()
    authority.fail("/keyChange", *[requests.ConnectionError("reset")] * 3)
    with pytest.raises(AcmeError, match="cannot be reached"):
        ensure(NEW_KEY)
    assert entries(path) == [*SETTLED, "key.pem.next"]


def interrupt(
    account: MakeAccount,
    new_network: Callable[[], Network],
    authority: Authority,
    told: bool,
) -> None:
    """Let a run die when the CA has got the new key, or just before."""
    paths = authority.paths().count("keyChange")
    for steps in range(200):
        dies_after(
            steps,
            authority,
            lambda: account(NEW_KEY).ensure(new_network(), Deadline(5)),
        )
        if (authority.paths().count("keyChange") > paths) == told and account().read().next_key:
            return


@pytest.mark.parametrize("told", [True, False])
def test_also_a_run_that_never_changes_keys_finds_out_which_one_the_ca_knows(
    account: MakeAccount,
    ensure: Ensure,
    new_network: Callable[[], Network],
    authority: Authority,
    path: Path,
    told: bool,
) -> None:
    before = ensure()
    interrupt(account, new_network, authority, told)
    assert account().planned_change() == (
        "a change of keys that was interrupted is brought to an end"
    )
    after = ensure()
    assert after.changed
    assert (after.thumbprint != before.thumbprint) == told
    assert after.url == before.url
    assert "key.pem.next" not in entries(path)
    assert not ensure().changed


def test_an_interrupted_change_counts_as_the_new_key_that_was_asked_for(
    account: MakeAccount, ensure: Ensure, new_network: Callable[[], Network], authority: Authority
) -> None:
    ensure()
    interrupt(account, new_network, authority, told=True)
    asked = authority.paths().count("keyChange")
    ensure(NEW_KEY)
    assert authority.paths().count("keyChange") == asked


def test_an_interrupted_change_whose_old_key_is_gone(
    account: MakeAccount,
    ensure: Ensure,
    new_network: Callable[[], Network],
    authority: Authority,
    path: Path,
) -> None:
    ensure()
    interrupt(account, new_network, authority, told=False)
    next_key = account().read().next_key
    assert next_key is not None
    (path / "key.pem").unlink()
    after = ensure()
    assert after.thumbprint == next_key.thumbprint
    assert len(authority.accounts) == 2


def test_a_forgotten_account_gets_a_new_key_all_the_same(
    ensure: Ensure, authority: Authority
) -> None:
    before = ensure()
    authority.accounts.clear()
    after = ensure(NEW_KEY)
    assert after.thumbprint != before.thumbprint
    assert list(authority.accounts.values()) == [after.url]


def test_a_closed_account_keeps_its_key(
    account: MakeAccount, ensure: Ensure, authority: Authority, path: Path
) -> None:
    before = ensure()
    authority.closed.add(str(before.url))
    with pytest.raises(ClosedAccountError):
        ensure(NEW_KEY)
    assert "key.pem.next" not in entries(path)
    assert account().read().registered


@pytest.mark.parametrize("finisher", [None, NEW_KEY])
def test_killed_at_any_moment(
    account: MakeAccount,
    ensure: Ensure,
    new_network: Callable[[], Network],
    authority: Authority,
    path: Path,
    finisher: RolloverRule | None,
) -> None:
    """After each kill one more run has the same account with a key that the CA knows."""
    url = ensure().url
    for steps in range(200):
        killed = dies_after(
            steps,
            authority,
            lambda: account(NEW_KEY).ensure(new_network(), Deadline(5)),
        )
        assert (path / "key.pem").exists(), f"killed at {steps}"
        assert ensure(finisher).url == url, f"killed at {steps}"
        assert list(authority.accounts.values()) == [url], f"killed at {steps}"
        assert not ensure().changed, f"killed at {steps}"
        assert account().read().next_key is None, f"killed at {steps}"
        if not killed:
            assert steps > 15
            assert set(entries(path)) - {"key.pem.unused"} == set(SETTLED)
            return
    pytest.fail("it never came to an end")
