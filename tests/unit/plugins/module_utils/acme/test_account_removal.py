# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account that is deactivated at the CA and removed."""

from __future__ import annotations

from collections.abc import Callable
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
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.rollover import RolloverRule
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.waiting import Deadline
from unit.plugins.module_utils.acme.authority import DIRECTORY, Answer, Authority, problem
from unit.plugins.module_utils.acme.folders import entries
from unit.plugins.module_utils.acme.killing import dies_after

NewNetwork = Callable[[], Network]
MakeAccount = Callable[..., Account]


@pytest.fixture
def account(tmp_path: Path) -> MakeAccount:
    """The account as a new run sees it."""

    def make(**more: Any) -> Account:
        return Account(tmp_path, DIRECTORY, AccountOptions(None, True, "P-256", **more))

    return make


@pytest.fixture
def create(account: MakeAccount, new_network: NewNetwork) -> Callable[[], str]:
    """Make sure of the account; return its URL."""

    def run() -> str:
        found = account()
        found.ensure(new_network(), Deadline(5))
        return str(found.url)

    return run


@pytest.fixture
def remove(account: MakeAccount, new_network: NewNetwork) -> Callable[[], Account]:
    """Remove the account, as a new run would, without consent to anything."""

    def run() -> Account:
        found = account()
        found.remove(new_network(), Deadline(5))
        return found

    return run


Create = Callable[[], str]
Remove = Callable[[], Account]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The folder of the account."""
    return tmp_path / "account" / folder_name(DIRECTORY)


def test_deactivated_and_removed_once(
    create: Create, remove: Remove, account: MakeAccount, authority: Authority, path: Path
) -> None:
    url = create()
    assert account().planned_removal() == "to be deactivated at the CA and removed"
    assert remove().changed
    assert authority.closed == {url}
    assert not path.exists()
    asked = len(authority.requests)
    assert account().planned_removal() is None
    assert not remove().changed
    assert len(authority.requests) == asked


def test_nothing_there(remove: Remove, authority: Authority, tmp_path: Path) -> None:
    assert not remove().changed
    assert authority.requests == []
    assert list(tmp_path.iterdir()) == []


def test_an_account_that_the_ca_does_not_know(
    create: Create, remove: Remove, authority: Authority, path: Path
) -> None:
    create()
    authority.accounts.clear()
    assert remove().changed
    assert not path.exists()


def test_an_account_that_was_closed_already(
    create: Create, remove: Remove, authority: Authority, path: Path
) -> None:
    authority.closed.add(create())
    assert remove().changed
    assert not path.exists()


def test_a_ca_that_refuses_whoever_asks_has_not_closed_the_account(
    create: Create, remove: Remove, authority: Authority, path: Path
) -> None:
    url = create()
    before = entries(path)
    refusal = problem("unauthorized", 403, detail="this network is not served")
    authority.fail("/newAccount", refusal, refusal)
    with pytest.raises(AcmeError, match=r"not certain .* this network is not served\. Run again"):
        remove()
    assert entries(path) == before
    assert remove().changed
    assert authority.closed == {url}


def test_a_refusal_that_passes_at_once_is_no_closed_account_either(
    create: Create, remove: Remove, authority: Authority
) -> None:
    url = create()
    authority.fail("/newAccount", problem("unauthorized", 403))
    assert remove().changed
    assert authority.closed == {url}


def test_a_closed_account_of_a_ca_that_serves_its_customers_only(
    create: Create, remove: Remove, authority: Authority, path: Path
) -> None:
    create()
    closed = problem("unauthorized", 403)
    authority.fail("/newAccount", closed, problem("externalAccountRequired", 403), closed)
    assert remove().changed
    assert not path.exists()


def test_a_key_alone_is_enough(
    create: Create, remove: Remove, authority: Authority, path: Path
) -> None:
    url = create()
    (path / "account.json").unlink()
    assert remove().changed
    assert authority.closed == {url}


def test_a_record_without_a_key_is_only_removed(
    create: Create, remove: Remove, authority: Authority, path: Path
) -> None:
    create()
    (path / "key.pem").unlink()
    asked = len(authority.requests)
    assert remove().changed
    assert len(authority.requests) == asked
    assert not path.exists()


def test_a_damaged_key_is_not_thrown_away(
    create: Create, remove: Remove, account: MakeAccount, path: Path
) -> None:
    create()
    (path / "key.pem").write_bytes(b"half a key")
    with pytest.raises(AcmeError, match="cannot be read"):
        account().planned_removal()
    with pytest.raises(AcmeError, match="cannot be read"):
        remove()
    assert (path / "key.pem").exists()


def test_a_ca_that_refuses_or_falls_silent_keeps_the_account(
    create: Create, remove: Remove, authority: Authority, path: Path
) -> None:
    url = create()
    before = entries(path)
    authority.fail("/account", problem("serverInternal", 500))
    authority.fail("/account", *[problem("serverInternal", 500)] * 4)
    with pytest.raises(AcmeError, match="the CA refused to deactivate the account"):
        remove()
    authority.fail("/newAccount", *[requests.ConnectionError("reset")] * 3)
    with pytest.raises(AcmeError, match="cannot be reached"):
        remove()
    assert entries(path) == before
    assert remove().changed
    assert authority.closed == {url}


def test_an_answer_that_gets_lost(
    create: Create,
    remove: Remove,
    authority: Authority,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create()
    answer = authority._account
    lost: list[Answer] = []

    def lose_the_first(*args: Any) -> Answer:
        found = answer(*args)
        if not lost:
            lost.append(found)
            raise requests.ConnectionError("reset")
        return found

    monkeypatch.setattr(authority, "_account", lose_the_first)
    assert remove().changed
    assert lost
    assert not path.exists()


def test_in_the_middle_of_a_change_of_keys(
    create: Create,
    remove: Remove,
    account: MakeAccount,
    new_network: NewNetwork,
    authority: Authority,
) -> None:
    """Whichever of the two keys the CA knows, the account is deactivated."""
    for steps in range(200):
        url = create()
        killed = dies_after(
            steps,
            authority,
            lambda: account(rollover=RolloverRule(always=True)).ensure(new_network(), Deadline(5)),
        )
        assert remove().changed
        assert url in authority.closed, f"killed at {steps}"
        if not killed:
            return
    pytest.fail("it never came to an end")


def test_killed_at_any_moment(
    create: Create,
    remove: Remove,
    account: MakeAccount,
    new_network: NewNetwork,
    authority: Authority,
    path: Path,
) -> None:
    for steps in range(200):
        url = create()
        killed = dies_after(steps, authority, lambda: account().remove(new_network(), Deadline(5)))
        remove()
        assert url in authority.closed, f"killed at {steps}"
        assert account().planned_removal() is None, f"killed at {steps}"
        if not killed:
            assert steps > 5
            assert not path.exists()
            return
    pytest.fail("it never came to an end")
