# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of mail domains that are created."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.new_domain import (
    NewDomain,
    megabytes,
)

ADMIN: dict[str, Any] = {"username": " Admin", "password": "planted-secret", "with_mailbox": True}


def test_what_is_sent() -> None:
    domain = NewDomain.from_options({"quota": "10GB", "admin": ADMIN})
    assert domain.to_json("a.example") == {
        "name": "a.example",
        "quota": "10GB",
        "domain_admin": {
            "username": "admin",
            "password": "planted-secret",
            "with_mailbox": True,
            "with_aliases": False,
        },
    }
    assert NewDomain.from_options({}).to_json("a.example") == {"name": "a.example"}
    assert "planted-secret" not in repr(domain)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("100", 100),
        (" 100 MB", 100),
        ("2g", 2048),
        # Modoboa takes these for no limit
        ("512KB", None),
        ("1TB", None),
        ("much", None),
        ("-1", None),
        ("1.5GB", None),
    ],
)
def test_sizes_as_modoboa_reads_them(text: str, size: int | None) -> None:
    assert megabytes(text) == size


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quota": "lots"}, "quota is 'lots'; write it as 500MB"),
        ({"default_mailbox_quota": ""}, "default_mailbox_quota is ''"),
        ({"quota": "1GB", "default_mailbox_quota": "2GB"}, "is more than quota"),
        ({"admin": {**ADMIN, "username": "admin@a.example"}}, "without @"),
        ({"admin": {**ADMIN, "username": " "}}, "without @"),
        ({"admin": {**ADMIN, "password": ""}}, "has a password"),
    ],
)
def test_settings_that_make_no_sense(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ItemsError, match=words):
        NewDomain.from_options(options)


def test_mailbox_quota_without_a_quota_of_the_domain() -> None:
    NewDomain.from_options({"quota": "0", "default_mailbox_quota": "2GB"})
