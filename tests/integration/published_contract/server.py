# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Modoboa that has the published contract and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bed import Bed
from integration.second_modoboa import SecondModoboa


class PublishedContract(SecondModoboa):
    """What of the extension is in the contract, limited as Modoboa limits its own endpoints."""


@contextmanager
def running(bed: Bed) -> Iterator[PublishedContract]:
    """Run it beside the bed's own."""
    folder = {"PYTHONPATH": str(Path(__file__).parent)}
    with PublishedContract.running(bed, "published_settings", folder) as server:
        yield server
