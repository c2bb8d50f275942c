# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain with a fault at each of its steps: what was ready stays online, and one more run converges."""

from __future__ import annotations

import os

import pytest
from integration.chain_faults.chain import Chain, check_faulty
from integration.chain_faults.moments import PROVISION, cases

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system"),
    pytest.mark.extended,
]


@pytest.mark.parametrize(("step", "fault"), cases("provision", PROVISION))
def test_provisioning(chain: Chain, step: str, fault: str) -> None:
    chain.change()
    first = chain.run("provision", fault, PROVISION[step])
    check_faulty(first, fault)
    chain.heal()
    chain.check_healed("provision")
