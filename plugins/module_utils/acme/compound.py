# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems of several names as one (RFC 8555 section 6.7.1)."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import PREFIX, Problem


def compound(problems: Sequence[Problem], names: int) -> Problem:
    """Return one problem for all names that failed; of a single one, that one's own.

    :param problems: one for each name that failed, at least one
    :param names: how many names there are
    """
    if len(problems) == 1:
        return problems[0]
    return Problem(
        type=f"{PREFIX}compound",
        detail=f"{len(problems)} of {names} names failed",
        subproblems=tuple(problems),
    )
