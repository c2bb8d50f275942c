# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert with a CA that refuses every second nonce."""

from __future__ import annotations

from pathlib import Path

from integration.acme_faults.module import run
from integration.acme_faults.storage import check_pairs, make_storage
from integration.acme_servers import NEWEST, StartAcme

NAMES = [f"n{number}.nonces.example" for number in range(20)]


def test_a_ca_that_refuses_every_second_nonce_issues_all(
    start_acme: StartAcme, tmp_path: Path
) -> None:
    bed = start_acme(NEWEST, nonce_rejection=50)
    bed.dns.add(*NAMES)
    storage = make_storage(bed, tmp_path / "storage")
    certificates = [{"name": name} for name in NAMES]
    options = {**bed.module_options(), "storage": str(storage), "certificates": certificates}
    done = run(options)
    assert not done.result["failed"], done.result["msg"]
    refused = sum(each.status == 400 for each in done.asked)
    assert refused > len(NAMES)
    assert done.orders == len(NAMES)
    check_pairs(storage, *NAMES)
    assert run(options).asked == []
