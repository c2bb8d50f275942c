# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert_info on what acme_cert has left after good days and bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bed.acme_bed import AcmeBed
from integration.acme_servers import NEWEST, StartAcme


def files(storage: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in storage.rglob("*"))


def test_what_acme_cert_has_left(start_acme: StartAcme) -> None:
    acme = start_acme(NEWEST)
    acme.dns.add("fine.example")
    acme.ansible.run_module(
        "acme_cert",
        {
            **acme.module_options(),
            "certificates": [{"name": "fine.example"}, {"name": "lost.example"}],
        },
    )
    before = files(acme.storage)
    fine, lost = certificates(acme)
    assert fine["present"]
    assert not fine["due"]
    assert fine["names"] == ["fine.example"]
    assert 0 < fine["seconds_left"] <= 90 * 24 * 3600
    assert fine["renewal"]["source"] in ("renewal_information", "lifetime")
    assert fine["failures"] is None
    assert not lost["present"]
    assert lost["failures"]["count"] == 1
    assert "finds no A or AAAA record" in lost["failures"]["last_error"]

    # those that have to be looked after
    assert [entry["name"] for entry in certificates(acme, expiring_within=14)] == ["lost.example"]
    assert [entry["name"] for entry in certificates(acme, expiring_within=365)] == [
        "fine.example",
        "lost.example",
    ]
    assert [entry["name"] for entry in certificates(acme, names=["fine.example"])] == [
        "fine.example"
    ]
    assert files(acme.storage) == before


def certificates(acme: AcmeBed, **options: Any) -> list[dict[str, Any]]:
    result = acme.ansible.run_module(
        "acme_cert_info", {"storage": str(acme.storage), **options}, check=True
    )
    assert not result["changed"]
    found: list[dict[str, Any]] = result["certificates"]
    return found
