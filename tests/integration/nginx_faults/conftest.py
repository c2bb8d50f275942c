# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front end that the proofs of faults share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bed.nginx_releases import NGINX_BOOKWORM
from integration.bare_front_end import BareFrontEnd
from integration.nginx_releases import front_end_of


@pytest.fixture
def front_end() -> Iterator[BareFrontEnd]:
    """A running nginx of the test's own, without a default server."""
    with front_end_of(NGINX_BOOKWORM, workers=1) as running:
        yield running
