# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A renewal with a fault at each of its steps: all stay online, and one more renewal converges."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from integration.chain_faults.chain import KEY_TYPES, Chain, check_faulty
from integration.chain_faults.moments import RENEWAL, cases

# Once they are published, who uses the certificates has to be told, by whichever run
PUBLISHED = ("reload", "verify", "report", "told")
HANDLER = {
    "name": "Mine",
    "command": "/bin/true",
    "listen": "Tell who uses the certificates of portals",
}

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system"),
    pytest.mark.extended,
]


@pytest.fixture
def renew(tmp_path: Path) -> str:
    """A playbook of an operator's own, in whose play somebody uses the certificates."""
    role = {"name": "mailhost.modoboa.virtualhosts", "tasks_from": "renew"}
    play = {
        "hosts": "modoboa",
        "gather_facts": False,
        "tasks": [{"name": "Renew", "import_role": role}],
        "handlers": [HANDLER],
    }
    (tmp_path / "renew.yml").write_text(json.dumps([play]))
    return str(tmp_path / "renew")


@pytest.mark.parametrize(("step", "fault"), cases("renew", RENEWAL))
def test_renewing(chain: Chain, renew: str, step: str, fault: str) -> None:
    # A key type that the certificates do not have makes all of them due
    chain.key_type = next(KEY_TYPES)
    check_faulty(chain.run(renew, fault, RENEWAL[step]), fault)
    chain.heal()
    # What failed for an outage would be left alone for a while
    second = chain.check_healed(renew, virtualhosts_retry=True)
    if step in PUBLISHED:
        assert [told.status for told in second.task("Mine")] == ["ok"]
