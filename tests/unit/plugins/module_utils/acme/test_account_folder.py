# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account on disk."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_folder import (
    AccountFolder,
    Recorded,
    folder_name,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.registration import (
    Registration,
)
from unit.plugins.module_utils.acme.authority import DIRECTORY
from unit.plugins.module_utils.acme.folders import entries

REGISTRATION = Registration("https://ca.test/account/1", ("mailto:hostmaster@example.org",))
MADE = datetime(2026, 11, 22, 14, 0, tzinfo=timezone.utc)


@pytest.fixture
def folder(tmp_path: Path) -> AccountFolder:
    """A folder that is not there yet."""
    return AccountFolder(tmp_path, DIRECTORY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where it is."""
    return tmp_path / "account" / folder_name(DIRECTORY)


def fill(folder: AccountFolder) -> Recorded:
    with folder.lock():
        folder.make_key("P-256")
        folder.record(REGISTRATION)
    return folder.read()


def test_nothing_there(folder: AccountFolder, tmp_path: Path) -> None:
    assert folder.read() == Recorded()
    assert not folder.holds_anything()
    assert list(tmp_path.iterdir()) == []


def test_private_whatever_the_umask_is(folder: AccountFolder, path: Path) -> None:
    before = os.umask(0)
    try:
        fill(folder)
        folder.make_next_key("P-256")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o700
    assert path.parent.stat().st_mode & 0o777 == 0o700
    for name in ("key.pem", "key.pem.next", "account.json"):
        assert (path / name).stat().st_mode & 0o777 == 0o600


def test_the_storage_itself_can_be_entered(tmp_path: Path) -> None:
    """Web servers read challenges and certificates there."""
    before = os.umask(0o077)
    try:
        fill(AccountFolder(tmp_path / "storage", DIRECTORY))
    finally:
        os.umask(before)
    assert (tmp_path / "storage").stat().st_mode & 0o777 == 0o755


def test_read_as_it_was_recorded(folder: AccountFolder) -> None:
    recorded = fill(folder)
    assert recorded.registered
    assert recorded.registration == REGISTRATION
    assert recorded.key is not None
    assert recorded.next_key is None


def test_a_forgotten_account_keeps_its_contact(folder: AccountFolder) -> None:
    fill(folder)
    folder.record(Registration("", REGISTRATION.contact))
    assert not folder.read().registered
    assert folder.read().registration == Registration("", REGISTRATION.contact)


def test_the_age_of_the_key_outlives_a_copy(folder: AccountFolder, path: Path) -> None:
    fill(folder)
    os.utime(path / "key.pem", (MADE.timestamp(), MADE.timestamp()))
    (path / "account.json").unlink()
    assert folder.read().key_made == MADE
    folder.record(REGISTRATION)
    os.utime(path / "key.pem")
    assert folder.read().key_made == MADE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("directory", "https://other.test/"),
        ("thumbprint", "of another key"),
        ("thumbprint", None),
        ("contact", 5),
        ("key_made", "yesterday"),
        ("key_made", 5),
    ],
)
def test_a_record_that_does_not_fit_is_none(
    folder: AccountFolder, path: Path, name: str, value: object
) -> None:
    fill(folder)
    document = json.loads((path / "account.json").read_text())
    (path / "account.json").write_text(json.dumps({**document, name: value}))
    recorded = folder.read()
    assert recorded.registration is None
    assert recorded.key is not None
    assert recorded.key_made is not None


def rewrite_as_the_first_version_did(path: Path) -> None:
    document = json.loads((path / "account.json").read_text())
    del document["thumbprint"], document["key_made"]
    (path / "account.json").write_text(json.dumps(document))


def test_a_record_of_the_first_version_is_believed(folder: AccountFolder, path: Path) -> None:
    fill(folder)
    rewrite_as_the_first_version_did(path)
    os.utime(path / "key.pem", (MADE.timestamp(), MADE.timestamp()))
    recorded = folder.read()
    assert recorded.registration == REGISTRATION
    assert recorded.key_made == MADE


def test_a_record_of_the_first_version_is_not_taken_for_that_of_a_new_key(
    folder: AccountFolder, path: Path
) -> None:
    fill(folder)
    rewrite_as_the_first_version_did(path)
    (path / "key.pem").write_bytes(b"half a key")
    folder.make_key("P-256")
    assert folder.read().registration is None


def test_a_key_that_cannot_be_read(folder: AccountFolder, path: Path) -> None:
    fill(folder)
    (path / "key.pem").write_bytes(b"half a key")
    recorded = folder.read()
    assert recorded.damaged
    assert not recorded.has_key
    assert not recorded.registered


def test_the_next_key_takes_the_place_of_the_other(folder: AccountFolder, path: Path) -> None:
    fill(folder)
    made = folder.make_next_key("RSA-2048")
    folder.adopt_next_key(REGISTRATION)
    recorded = folder.read()
    assert recorded.key is not None
    assert recorded.key.thumbprint == made.thumbprint
    assert recorded.registration == REGISTRATION
    assert entries(path) == [".lock", "account.json", "key.pem"]


def test_no_key_is_lost(folder: AccountFolder, path: Path) -> None:
    fill(folder)
    folder.make_next_key("P-256")
    pem = (path / "key.pem.next").read_bytes()
    folder.set_next_key_aside()
    assert (path / "key.pem.unused").read_bytes() == pem
    folder.make_next_key("P-256")
    (path / "key.pem").write_bytes(b"half a key")
    folder.adopt_next_key(None)
    assert (path / "key.pem.unreadable").read_bytes() == b"half a key"


def test_leftovers_of_a_killed_run_go(folder: AccountFolder, path: Path) -> None:
    fill(folder)
    (path / ".key.pem.0123.mailhost-new").write_bytes(b"half")
    with folder.lock():
        assert entries(path) == [".lock", "account.json", "key.pem"]


def test_removed_with_everything_in_it(folder: AccountFolder, path: Path) -> None:
    fill(folder)
    (path / "notes").mkdir()
    (path / "notes" / "of-the-operator").touch()
    (path / "link").symlink_to(path.parent)
    with folder.lock():
        folder.remove()
    assert not path.exists()
    assert path.parent.exists()
    assert not folder.holds_anything()


def test_names_of_folders() -> None:
    assert folder_name("https://ca.test/a") != folder_name("https://ca.test/b")
    assert folder_name("https://CA.test:14000/../x").startswith("ca.test_14000-")
    assert "/" not in folder_name("https://ca.test/../../x")
