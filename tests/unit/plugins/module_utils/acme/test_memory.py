# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run remembers for the next."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import Problem
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.memory import (
    Failure,
    Memory,
    Revoked,
    Suggestion,
    read_memory,
)
from unit.plugins.module_utils.acme.issuing import NOW

LATER = NOW + timedelta(days=1)
PROBLEM = Problem("urn:x", "why", 403, subproblems=(Problem("urn:y", identifier="a.example"),))
WHOLE = Memory(
    Suggestion("an.id", LATER, NOW, LATER, NOW, 2, "https://ca.test/why"),
    Failure(3, "it broke", "order", PROBLEM, "terms", NOW, LATER, limited=True),
    Revoked("5c1f", NOW, "superseded"),
)


@pytest.mark.parametrize(
    "memory",
    [
        WHOLE,
        Memory(),
        Memory(Suggestion("an.id", LATER)),
        Memory(failure=Failure(1, "it broke", None, None, "terms", NOW, NOW)),
    ],
)
def test_what_is_written_is_read(memory: Memory) -> None:
    assert read_memory(memory.to_json()) == memory


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff", b"null", b'{"version": 2}'])
def test_a_damaged_file_is_nothing(content: bytes | None) -> None:
    assert read_memory(content) == Memory()


@pytest.mark.parametrize("value", [None, 5, [], {}, "x", {"at": "yesterday"}])
@pytest.mark.parametrize("part", ["suggestion", "failure", "revoked"])
def test_a_damaged_part_leaves_the_others(part: str, value: Any) -> None:
    document = json.loads(WHOLE.to_json())
    document[part] = value
    found = read_memory(json.dumps(document).encode())
    assert getattr(found, part) is None
    for other in {"suggestion", "failure", "revoked"} - {part}:
        assert getattr(found, other) == getattr(WHOLE, other)
