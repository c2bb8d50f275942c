# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run tells of the account."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account import Account
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_folder import (
    folder_name,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_outcome import (
    AccountOutcome,
    look_after,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_plan import (
    AccountOptions,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.binding import Binding
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.network import Network
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.rollover import RolloverRule
from unit.plugins.module_utils.acme.authority import DIRECTORY, Authority, problem

MAIL = ("mailto:hostmaster@example.org",)
NO_ACCOUNT = {
    "uri": None,
    "thumbprint": None,
    "contact": None,
    "key_type": None,
    "status": "absent",
}

Run = Callable[..., AccountOutcome]


@pytest.fixture
def run(tmp_path: Path, new_network: Callable[[], Network]) -> Run:
    """Look after the account, as a new run would."""

    def call(
        present: bool = True, check: bool = False, terms_agreed: bool = True, **more: Any
    ) -> AccountOutcome:
        options = AccountOptions(more.pop("contact", MAIL), terms_agreed, "P-256", **more)
        account = Account(tmp_path, DIRECTORY, options)
        return look_after(account, new_network(), present=present, check_mode=check)

    return call


def predicted(run: Run, authority: Authority, **options: Any) -> AccountOutcome:
    """Run twice, and see that the first said what the second did, without asking the CA."""
    asked = len(authority.requests)
    foretold = run(check=True, **options)
    assert len(authority.requests) == asked
    done = run(**options)
    assert foretold.diff == done.diff
    for name in ("changed", "reason"):
        assert foretold.account[name] == done.account[name]
    return done


def test_created_as_predicted_and_left_alone(run: Run, authority: Authority) -> None:
    foretold = run(check=True)
    assert foretold.account == {
        **NO_ACCOUNT,
        "changed": True,
        "reason": "no account is recorded here",
    }
    done = predicted(run, authority)
    assert done.error is None
    assert done.account["uri"] in authority.accounts.values()
    assert done.account["contact"] == list(MAIL)
    assert done.account["key_type"] == "P-256"
    assert done.account["status"] == "valid"
    assert done.diff[0]["before"] == ""
    again = predicted(run, authority)
    assert again.account == {**done.account, "changed": False, "reason": None}
    assert again.diff == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"contact": ()}, "the contact differs"),
        ({"rollover": RolloverRule("RSA-2048")}, "the key is P-256, RSA-2048 is wanted"),
        ({"rollover": RolloverRule(always=True)}, "a new key is asked for"),
    ],
)
def test_changed_as_predicted(
    run: Run, authority: Authority, options: dict[str, Any], reason: str
) -> None:
    before = run().account
    done = predicted(run, authority, **options)
    assert done.account["changed"]
    assert done.account["reason"] == reason
    assert done.account["uri"] == before["uri"]
    (diff,) = done.diff
    assert diff["before"] != diff["after"]


def test_removed_as_predicted(run: Run, authority: Authority) -> None:
    before = run().account
    reason = "to be deactivated at the CA and removed"
    expected = {**before, "changed": True, "reason": reason}
    assert run(present=False, check=True).account == {**expected, "status": "valid"}
    done = predicted(run, authority, present=False)
    assert done.account == {**expected, "status": "deactivated"}
    assert done.diff[0]["after"] == ""
    again = predicted(run, authority, present=False)
    assert again.account == {**NO_ACCOUNT, "changed": False, "reason": None}


def test_a_key_alone_is_removed_as_predicted(
    run: Run, authority: Authority, tmp_path: Path
) -> None:
    run()
    (tmp_path / "account" / folder_name(DIRECTORY) / "account.json").unlink()
    done = predicted(run, authority, present=False)
    assert done.account["changed"]
    assert done.diff[0]["before"].startswith(f"directory: {DIRECTORY}\nkey: P-256, thumbprint ")


def test_a_failure_tells_what_there_is(run: Run, authority: Authority) -> None:
    before = run().account
    authority.fail("/keyChange", problem("badPublicKey"))
    failed = run(rollover=RolloverRule("RSA-2048"))
    assert str(failed.error).startswith("account: the CA refused the account's new key: ")
    assert failed.error is not None
    assert failed.error.problem is not None
    assert failed.account["thumbprint"] == before["thumbprint"]
    assert not failed.account["changed"]
    assert failed.diff == []


def test_what_was_done_before_a_failure_is_a_change(run: Run, authority: Authority) -> None:
    run()
    authority.fail("/keyChange", problem("badPublicKey"))
    failed = run(contact=(), rollover=RolloverRule("RSA-2048"))
    assert failed.error is not None
    assert failed.account["changed"]
    assert failed.account["contact"] == []


@pytest.mark.parametrize("check", [True, False])
def test_a_missing_consent_is_predicted(run: Run, authority: Authority, check: bool) -> None:
    failed = run(check=check, terms_agreed=False)
    assert "set terms_agreed to true" in str(failed.error)
    assert not failed.account["changed"]
    assert authority.requests == []


def test_a_storage_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "account").write_text("in the way")
    failed = run()
    assert str(failed.error).startswith("account: ")
    assert "Traceback" not in str(failed.error)


def test_nothing_secret_is_told(run: Run, tmp_path: Path, authority: Authority) -> None:
    binding = Binding("kid-1", b"a secret of thirty-two characters")
    authority.binding_keys = {binding.kid: binding.key}
    outcomes = [
        run(binding=binding),
        run(binding=binding, rollover=RolloverRule(always=True)),
        run(binding=binding, present=False),
    ]
    told = json.dumps([(each.account, each.diff) for each in outcomes])
    assert "PRIVATE" not in told
    assert "a secret" not in told
    assert "kid-1" not in told
