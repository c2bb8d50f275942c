# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A published pair as it is on disk; what damage does to it is in test_store.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme import pair as pair_file
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.files import (
    File,
    read_if_there,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import key_to_pem
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.pair import read_pair
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.module_utils.files import NOBODY_IN_PARTICULAR
from unit.plugins.module_utils.acme.issuing import NOW, pair

NAME = "a.example"
Read = Callable[[Path], "File | None"]


def publish(store: CertificateStore) -> None:
    chain, key = pair([NAME])
    with store.lock(NAME):
        store.publish(NAME, chain, key_to_pem(key), Origin("https://ca.test/directory"), NOW)


def test_a_publication_in_between_is_no_fault(
    store: CertificateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store)
    read: Read = read_if_there
    published = False

    def publish_after_the_chain(path: Path) -> File | None:
        nonlocal published
        found = read(path)
        if path.name == "fullchain.pem" and not published:
            published = True
            publish(store)
        return found

    monkeypatch.setattr(pair_file, "read_if_there", publish_after_the_chain)
    found = read_pair(store.chain_path(NAME).parent, NOBODY_IN_PARTICULAR)
    assert published
    assert found.fault is None


def test_a_chain_without_its_key_can_still_be_read(store: CertificateStore) -> None:
    publish(store)
    store.key_path(NAME).unlink()
    found = read_pair(store.chain_path(NAME).parent, NOBODY_IN_PARTICULAR)
    assert found.certificate is None
    assert found.readable is not None
    assert found.fault == "privkey.pem is missing"
