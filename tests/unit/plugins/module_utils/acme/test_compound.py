# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems of several names as one."""

from __future__ import annotations

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.compound import compound
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import PREFIX, Problem

A, B = Problem(type=f"{PREFIX}dns", identifier="a"), Problem(type=f"{PREFIX}caa", identifier="b")


def test_one_problem_is_its_own() -> None:
    assert compound([A], 3) == A


def test_several_problems_are_parts_of_one() -> None:
    both = compound([A, B], 3)
    assert both.code == "compound"
    assert both.detail == "2 of 3 names failed"
    assert both.subproblems == (A, B)
