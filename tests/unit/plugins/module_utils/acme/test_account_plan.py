# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done with an account."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_folder import Recorded
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_plan import (
    AccountOptions,
    AccountPlan,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    AccountKey,
    make_key,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.registration import (
    Registration,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.rollover import RolloverRule

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=timezone.utc)
DIRECTORY = "https://ca.test/directory"
MAIL = ("mailto:hostmaster@example.org",)
KEY = AccountKey(make_key("P-256"))
RECORDED = Recorded(
    key=KEY,
    registration=Registration("https://ca.test/account/1", MAIL),
    key_made=NOW - timedelta(days=100),
)
OPTIONS = AccountOptions(contact=MAIL, terms_agreed=True, key_type="P-256")


def plan(recorded: Recorded = RECORDED, **options: object) -> AccountPlan:
    return AccountPlan(replace(OPTIONS, **options), recorded, DIRECTORY, NOW)  # type: ignore[arg-type]


def rule(**options: object) -> AccountPlan:
    return plan(rollover=RolloverRule(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("contact", [MAIL, None])
def test_nothing_to_do(contact: tuple[str, ...] | None) -> None:
    found = plan(contact=contact)
    assert found.reason() is None
    assert found.next_key_type is None
    assert found.before() == found.after()
    assert found.contact == MAIL


def test_no_account() -> None:
    found = plan(Recorded())
    assert found.reason() == "no account is recorded here"
    assert found.before() == ""
    assert found.after() == (f"directory: {DIRECTORY}\ncontact: {MAIL[0]}\nkey: a new one, P-256\n")
    assert plan(Recorded(), contact=None).after() == (
        f"directory: {DIRECTORY}\ncontact: none\nkey: a new one, P-256\n"
    )


def test_a_key_without_an_account() -> None:
    found = plan(Recorded(key=KEY, key_made=NOW))
    assert found.reason() == "no account is recorded here"
    assert found.before() == f"directory: {DIRECTORY}\nkey: P-256, thumbprint {KEY.thumbprint}\n"
    assert f"thumbprint {KEY.thumbprint}" in found.after()
    assert "contact: what the CA has" in plan(Recorded(key=KEY, key_made=NOW), contact=None).after()


def test_a_forgotten_account() -> None:
    found = plan(replace(RECORDED, registration=Registration("", MAIL)), contact=None)
    assert found.reason() == "the CA no longer knows the account"
    assert found.contact == MAIL
    assert found.before() != found.after()


def test_another_contact() -> None:
    found = plan(contact=())
    assert found.reason() == "the contact differs"
    assert found.new_contact == ()
    assert f"contact: {MAIL[0]}\n" in found.before()
    assert "contact: none\n" in found.after()


@pytest.mark.parametrize(
    ("options", "reason", "key_type"),
    [
        ({"key_type": "P-256"}, None, None),
        ({"key_type": "RSA-2048"}, "the key is P-256, RSA-2048 is wanted", "RSA-2048"),
        ({"always": True}, "a new key is asked for", "P-256"),
        ({"max_age": 100}, None, None),
        ({"max_age": 99}, "the key is older than 99 days", "P-256"),
        ({"max_age": 99, "key_type": "RSA-3072"}, "the key is P-256", "RSA-3072"),
    ],
)
def test_another_key(options: dict[str, object], reason: str | None, key_type: str | None) -> None:
    found = rule(**options)
    assert (found.reason() or "").startswith(reason or "")
    assert bool(found.reason()) == bool(reason)
    assert found.next_key_type == key_type
    assert (f"key: a new one, {key_type}\n" in found.after()) == bool(key_type)


def test_no_second_new_key_in_one_run() -> None:
    assert replace(rule(always=True), has_new_key=True).next_key_type is None
    assert replace(rule(key_type="RSA-2048"), has_new_key=True).next_key_type == "RSA-2048"


def test_all_reasons_are_told() -> None:
    found = plan(contact=(), rollover=RolloverRule(always=True))
    assert found.reason() == "the contact differs; a new key is asked for"


def test_an_interrupted_change_of_keys_comes_first() -> None:
    found = plan(replace(RECORDED, next_key=KEY), contact=(), rollover=RolloverRule(always=True))
    assert found.reason() == "a change of keys that was interrupted is brought to an end"
    assert "key: the one of two that the CA knows\n" in found.after()
