# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key of a host to which certificates are handed."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.recipient import Recipient
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.seal import seal


def sealed_for(recipient: Recipient) -> str:
    return b64encode(seal(b"content", b64decode(recipient.public_key()))).decode()


def key_file(storage: Path) -> Path:
    return storage / "import" / "recipient.pem"


def test_opens_what_was_sealed_for_it(tmp_path: Path) -> None:
    recipient = Recipient(tmp_path / "storage")
    sealed = sealed_for(recipient)
    assert Recipient(tmp_path / "storage").open(sealed) == b"content"
    path = key_file(tmp_path / "storage")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_serves_for_one_delivery(tmp_path: Path) -> None:
    recipient = Recipient(tmp_path)
    sealed = sealed_for(recipient)
    assert recipient.open(sealed) == b"content"
    recipient.public_key()
    with pytest.raises(AcmeError, match=r"sealed for another reader.*whole copying again"):
        recipient.open(sealed)
    recipient.forget()
    recipient.forget()
    with pytest.raises(AcmeError, match="is gone"):
        recipient.open(sealed)
    recipient.public_key()
    with pytest.raises(AcmeError, match="sealed for another reader"):
        recipient.open(sealed)


@pytest.mark.parametrize("sealed", ["", "no base64!", "AAAA"])
def test_opens_nothing_else(tmp_path: Path, sealed: str) -> None:
    recipient = Recipient(tmp_path)
    recipient.public_key()
    with pytest.raises(AcmeError, match="cannot be opened"):
        recipient.open(sealed)


def test_what_is_no_key_is_replaced(tmp_path: Path) -> None:
    recipient = Recipient(tmp_path)
    recipient.public_key()
    key_file(tmp_path).write_text("nonsense")
    assert Recipient(tmp_path).open(sealed_for(recipient)) == b"content"
    key_file(tmp_path).unlink()
    key_file(tmp_path).mkdir()
    assert Recipient(tmp_path).open(sealed_for(recipient)) == b"content"
