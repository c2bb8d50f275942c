# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA that most proofs of faults share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed.acme_bed import AcmeBed
from bed.acme_server import CaOptions
from bed.acme_servers import SERVERS
from integration.acme_faults.module import Options
from integration.acme_faults.storage import make_storage
from integration.acme_servers import NEWEST


@pytest.fixture(scope="session")
def ca() -> Iterator[AcmeBed]:
    """A Pebble with renewal information that has every name proved anew. Use names of your own."""
    with AcmeBed(
        f"faults-{os.getpid()}", server=SERVERS[NEWEST], options=CaOptions(authorization_reuse=0)
    ) as running:
        yield running


@pytest.fixture
def storage(ca: AcmeBed, tmp_path: Path) -> Path:
    """A storage of the test's own."""
    return make_storage(ca, tmp_path / "storage")


@pytest.fixture
def options(ca: AcmeBed, storage: Path) -> Options:
    """The options for this CA and this storage."""
    return {**ca.module_options(), "storage": str(storage)}
