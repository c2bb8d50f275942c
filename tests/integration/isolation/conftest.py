# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed that all tests of isolation share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from integration.isolation.guarded_bed import GuardedBed


@pytest.fixture(scope="session")
def guarded_bed() -> Iterator[GuardedBed]:
    """A running bed with the hosts and the people of the matrix, and all guards in their places."""
    with GuardedBed(f"isolation-{os.getpid()}") as running:
        yield running
