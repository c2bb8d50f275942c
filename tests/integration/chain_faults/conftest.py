# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sites that the proofs of faults share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from integration.chain_faults.chain import Chain, faulty_chain


@pytest.fixture(scope="module")
def chain_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """A site of the module's own, whose tenants become more with each test."""
    with faulty_chain(f"chain-{os.getpid()}", tmp_path_factory.mktemp("chain")) as chain:
        yield chain


@pytest.fixture
def chain(chain_of_module: Chain) -> Iterator[Chain]:
    """The site, in which nothing fails; throughout the test all that were ready before answer."""
    chain_of_module.heal()
    with chain_of_module.visited():
        yield chain_of_module
        chain_of_module.heal()
