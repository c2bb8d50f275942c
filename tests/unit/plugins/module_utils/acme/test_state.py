# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What state.json says of a published pair."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import read_chain
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import (
    Origin,
    State,
    digest_of,
    read_state,
)
from unit.plugins.module_utils.acme.issuing import NOW, issue

ORIGIN = Origin("https://ca.test/directory", "https://ca.test/account/1", "shortlived", True)
PUBLISHED = replace(ORIGIN, order="https://ca.test/order/1", published=NOW)
STATE = State(ORIGIN, read_chain(issue(["a.example", "192.0.2.1"])), digest_of(b"chain", b"key"))


@pytest.mark.parametrize(
    "state",
    [
        STATE,
        State(PUBLISHED),
        State(Origin("https://ca.test/directory")),
        State(Origin("", adopted=True)),
    ],
)
def test_what_is_written_is_read(state: State) -> None:
    assert read_state(state.to_json()) == state


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"null",
        b'{"version": 2}',
        b'{"version": 1, "directory": 5}',
    ],
)
def test_a_damaged_file_says_nothing(content: bytes | None) -> None:
    assert read_state(content) is None


@pytest.mark.parametrize(("name", "value"), [("not_after", "soon"), ("names", 5), ("serial", None)])
def test_damaged_facts_leave_the_origin(name: str, value: Any) -> None:
    document = json.loads(STATE.to_json())
    if value is None:
        del document["certificate"][name]
    else:
        document["certificate"][name] = value
    assert read_state(json.dumps(document).encode()) == State(ORIGIN)


def test_the_file_of_an_older_version() -> None:
    content = b'{"version": 1, "directory": "https://ca.test/directory"}'
    assert read_state(content) == State(Origin("https://ca.test/directory"))


def test_no_two_pairs_have_one_digest() -> None:
    pairs = [(b"ab", b"c"), (b"a", b"bc"), (b"abc", None), (b"ab", None), (b"c", b"ab")]
    assert len({digest_of(*pair) for pair in pairs}) == len(pairs)
