# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a task says about virtual hosts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_virtual_host import (
    check_prune,
    read_items,
)
from unit.plugins.module_utils.modoboa.convergence import item

UNTIL = "2027-01-01T00:00:00Z"


def test_exclusive_counts_only_with_domains() -> None:
    some, none, silent = read_items(
        [
            item("mail.a.example", "A.example", "a.example", exclusive=True),
            item("mail.b.example", exclusive=True),
            {"name": "mail.c.example", "state": "present", "domains": None, "exclusive": True},
        ]
    )
    assert some.domains == ("a.example",)
    assert (some.exclusive, none.exclusive, silent.exclusive) == (True, True, False)


@pytest.mark.parametrize(
    ("items", "keep", "words"),
    [
        ([], [], "an empty list of vhosts would remove every"),
        ([], ["mail.b.example"], "an empty list of vhosts would remove every"),
        ([item("mail.a.example", state="absent")], [], "no host in vhosts that stays would remove"),
        ([item("mail.a.example")], ["Mail.b.example"], "keep: .*upper-case"),
    ],
)
def test_pruning_that_is_more_likely_a_mistake(
    items: list[dict[str, Any]], keep: list[str], words: str
) -> None:
    with pytest.raises(ItemsError, match=words):
        check_prune(read_items(items), keep, allow_empty=False)


def test_pruning_of_everything_if_that_is_said() -> None:
    check_prune([], [], allow_empty=True)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([item("Mail.a.example")], "upper-case"),
        ([item("mail.a.example"), item("mail.a.example")], "listed 2 times"),
        ([item("mail.a.example", status="failed")], "needs an error"),
        ([item("mail.a.example", status="ready", error="x")], "goes with status 'failed' only"),
        ([item("mail.a.example", state="absent", status="ready")], "nothing can be reported"),
        (
            [item("mail.a.example", state="absent", certificate_valid_until=UNTIL)],
            "nothing can be reported",
        ),
        ([item("mail.a.example", error="x")], "goes with status 'failed' only"),
        (
            [item("mail.a.example", error="x", certificate_valid_until=UNTIL)],
            "goes with status 'failed' only",
        ),
        ([item("mail.a.example", status="ready", certificate_valid_until="soon")], "'soon'"),
        (
            [item("mail.a.example", status="ready", certificate_valid_until="2027-01-01T00:00:00")],
            "time zone is missing",
        ),
        (
            [item("mail.a.example", certificate_valid_until="9999-12-31T23:59:59-12:00")],
            "no such moment in UTC",
        ),
        ([item("mail.a.example", create_domains={"quota": "1TB"})], "quota is '1TB'"),
        (
            [item("mail.a.example", "x.example"), item("mail.b.example", "X.example")],
            "more than one virtual host: x.example",
        ),
    ],
)
def test_contradictions_are_found_before_anything_is_touched(
    items: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(ItemsError, match=words):
        read_items(items)
