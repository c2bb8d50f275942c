# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A renewal with a fault at each of its steps: all stay online, and one more renewal converges."""

from __future__ import annotations

import os

import pytest
from integration.chain_faults.chain import KEY_TYPES, Chain, check_faulty
from integration.chain_faults.moments import RENEWAL, cases

# Once they are published, who uses the certificates has to be told, by whichever run
PUBLISHED = ("reload", "verify", "report", "told")

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system"),
    pytest.mark.extended,
]


@pytest.mark.parametrize(("step", "fault"), cases("renew", RENEWAL))
def test_renewing(chain: Chain, step: str, fault: str) -> None:
    # A key type that the certificates do not have makes all of them due
    chain.key_type = next(KEY_TYPES)
    first = chain.run("renew", fault, RENEWAL[step])
    check_faulty(first, fault)
    chain.heal()
    # What failed for an outage would be left alone for a while
    second = chain.check_healed("renew", virtualhosts_retry=True)
    if first.rc and step in PUBLISHED:
        assert second.task("Remember that all were told")
