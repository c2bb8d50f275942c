# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed that all integration tests of a run share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from bed import Bed


@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """A running bed of this run's own. Tests use names of their own in it."""
    # By process, so that two runs in one checkout do not stop each other's bed
    with Bed(f"test-{os.getpid()}") as running:
        yield running
