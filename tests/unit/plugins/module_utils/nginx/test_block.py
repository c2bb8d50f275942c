# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark on this collection's own files."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import state_of

MARK = "# Written by mailhost.modoboa.nginx_vhost: a.example.com, {}. Changes made here ...\n"


@pytest.mark.parametrize("state", ["bootstrap", "present"])
def test_own(state: str) -> None:
    assert state_of("a.example.com", MARK.format(state).encode()) == state


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"server {}\n",
        b"\n" + MARK.format("present").encode(),
        MARK.format("other").encode(),
        b"\xff\xfe",
    ],
)
def test_foreign(content: bytes) -> None:
    assert state_of("a.example.com", content) is None


def test_a_copy_for_another_host_is_foreign() -> None:
    assert state_of("b.example.com", MARK.format("present").encode()) is None
