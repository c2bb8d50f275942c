# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that can happen at any step, in two runs, of which the second does not mend what the first has left."""

from __future__ import annotations

import os

import pytest
from integration.chain_faults.chain import Chain, check_faulty
from integration.chain_faults.moments import PROVISION

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")


def test_whatever_comes_together_one_more_run_mends_it(chain: Chain) -> None:
    chain.change()
    for step, fault in (("order placed", "killed"), ("publish", "cut, disk full")):
        check_faulty(chain.run("provision", fault, PROVISION[step]), fault)
        chain.heal()
    chain.check_healed("provision")
