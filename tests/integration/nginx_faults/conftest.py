# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front end that the proofs of faults share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed.prefix import find
from integration.bare_front_end import BareFrontEnd


@pytest.fixture
def front_end() -> Iterator[BareFrontEnd]:
    """A running nginx of the test's own, without a default server."""
    # Not below pytest's folder: a socket's path must be short
    with tempfile.TemporaryDirectory(prefix="front-end-") as folder:
        created = BareFrontEnd(Path(folder), find().bin / "nginx", workers=1)
        created.start()
        try:
            yield created
        finally:
            created.stop()
