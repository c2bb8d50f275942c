# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody gets in on a hostname that is not theirs: everybody, everywhere, by every way."""

from __future__ import annotations

from integration.isolation import matrix
from integration.isolation.guarded_bed import GuardedBed


def test_matrix(guarded_bed: GuardedBed) -> None:
    outcome = matrix.run(guarded_bed)
    assert outcome.visits > 1000
    assert not outcome.deviations, str(outcome)
