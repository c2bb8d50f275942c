# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account at the CA."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account import (
    Account,
    AccountOptions,
    contact_addresses,
    folder_name,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.network import Network
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.waiting import Deadline
from unit.plugins.module_utils.acme.authority import DIRECTORY, Authority, problem

MAIL = ("mailto:hostmaster@example.org",)
NewNetwork = Callable[[], Network]


@pytest.fixture
def ensure(tmp_path: Path, new_network: NewNetwork) -> Callable[..., Account]:
    """Make sure of the account, as a new run would."""

    def run(
        contact: tuple[str, ...] | None = MAIL, terms_agreed: bool = True, key_type: str = "P-256"
    ) -> Account:
        account = Account(tmp_path, DIRECTORY, AccountOptions(contact, terms_agreed, key_type))
        account.ensure(new_network(), Deadline(5))
        return account

    return run


Ensure = Callable[..., Account]


def folder(storage: Path) -> Path:
    return storage / "account" / folder_name(DIRECTORY)


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


def test_private(ensure: Ensure, tmp_path: Path) -> None:
    ensure()
    assert folder(tmp_path).stat().st_mode & 0o777 == 0o700
    assert folder(tmp_path).parent.stat().st_mode & 0o777 == 0o700
    for name in ("key.pem", "account.json"):
        assert (folder(tmp_path) / name).stat().st_mode & 0o777 == 0o600


def test_no_consent_no_account(ensure: Ensure, authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(AcmeError, match="set terms_agreed to true"):
        ensure(terms_agreed=False)
    assert authority.requests == []
    assert list(tmp_path.iterdir()) == []


def test_an_account_that_exists_needs_no_consent(ensure: Ensure) -> None:
    ensure()
    assert not ensure(terms_agreed=False).changed


def test_contact_follows(ensure: Ensure, authority: Authority) -> None:
    ensure()
    assert ensure(contact=()).changed
    assert authority.requests[-1][2] == {"contact": []}
    assert not ensure(contact=()).changed
    assert not ensure(contact=None).changed


def test_the_same_key_is_the_same_account(ensure: Ensure, tmp_path: Path) -> None:
    before = ensure().url
    (folder(tmp_path) / "account.json").unlink()
    again = ensure(contact=("mailto:new@example.org",))
    assert again.changed
    assert again.url == before


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


def test_a_mistyped_directory_leaves_no_key(
    ensure: Ensure, authority: Authority, tmp_path: Path
) -> None:
    authority.fail("/directory", (404, {}, b""))
    with pytest.raises(AcmeError, match="Check acme_directory"):
        ensure()
    assert not (folder(tmp_path) / "key.pem").exists()


def test_a_forgotten_account_whose_contact_changes(ensure: Ensure, authority: Authority) -> None:
    ensure()
    authority.accounts.clear()
    changed = ensure(contact=("mailto:new@example.org",))
    assert changed.url in authority.accounts.values()


def test_each_directory_has_its_own(tmp_path: Path) -> None:
    assert folder_name("https://ca.test/a") != folder_name("https://ca.test/b")
    assert folder_name("https://CA.test:14000/../x").startswith("ca.test_14000-")
    assert "/" not in folder_name("https://ca.test/../../x")
    other = AccountOptions((), False, "P-256")
    Account(tmp_path, DIRECTORY, other)
    (folder(tmp_path)).mkdir(parents=True)
    content = {"directory": "https://other.test/", "url": "https://other.test/1", "contact": []}
    (folder(tmp_path) / "account.json").write_text(json.dumps(content))
    assert Account(tmp_path, DIRECTORY, other).url is None


def test_contact_addresses() -> None:
    assert contact_addresses(["a@b.example", "mailto:c@d.example"]) == (
        "mailto:a@b.example",
        "mailto:c@d.example",
    )
    for wrong in ("nonsense", "tel:+4912345", "a@b,c@d", "a@b?subject=x", ""):
        with pytest.raises(AcmeError, match="no mail address"):
            contact_addresses([wrong])
