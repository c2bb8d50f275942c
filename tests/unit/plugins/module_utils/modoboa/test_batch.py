# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcomes, differences and the isolation of errors."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import batch, errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import CONNECTIONS


@pytest.mark.parametrize(
    ("before", "after", "left", "right"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 2}, {"b": 3}),
        ({}, {"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {}, {"a": 1}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 2}}, {"a": {"c": 3}}),
        ({"a": None}, {}, {"a": None}, {}),
        ({"a": [1]}, {"a": [1]}, {}, {}),
    ],
)
def test_difference(before: batch.State, after: batch.State, left: object, right: object) -> None:
    assert batch.difference(before, after) == (left, right)


def test_outcome_of_a_failure() -> None:
    outcome = batch.Outcome("mail.a.example", facts={"pk": 7}, error="no")
    assert outcome.result() == {
        "name": "mail.a.example",
        "pk": 7,
        "changed": False,
        "failed": True,
        "error": "no",
    }


def test_only_errors_of_the_item_are_kept_with_it() -> None:
    def fail(error: errors.ModoboaError) -> None:
        raise error

    assert batch.error_of(lambda: None) is None
    assert batch.error_of(lambda: fail(errors.ConflictError("no"))) == "no"
    with pytest.raises(errors.AuthenticationError):
        batch.error_of(lambda: fail(errors.AuthenticationError("no")))


def test_for_each_is_bounded_and_keeps_the_order() -> None:
    lock = threading.Lock()
    running = [0]
    most = [0]

    def work(number: int) -> int:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1
        return number * 2

    assert batch.for_each(work, range(100)) == [number * 2 for number in range(100)]
    assert most[0] <= CONNECTIONS
