# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report says where each front end has a certificate of its own."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.plugin_utils.report_findings import (
    a_block,
    a_certificate,
    a_look,
    a_record,
    a_tenant,
    report_of,
)

NAME = "mail.atlas.example"
ATLAS = a_tenant(NAME)


@pytest.mark.parametrize(
    ("recorded", "tells", "hosts"),
    [
        (60, False, []),
        # A front end that issues for itself tells Modoboa nothing
        (50, False, ["front"]),
        (60, True, []),
        (50, True, []),
        (40, True, ["front", "edge"]),
    ],
    ids=str,
)
def test_modoboa_knows_one_of_the_certificates_that_it_is_told_of(
    recorded: float, tells: bool, hosts: list[str]
) -> None:
    own: dict[str, Any] = {
        "tells": tells,
        "certificates": [a_certificate(NAME, 50, serial="77")],
        "nginx": [a_block(NAME, served={"serial": "77"})],
    }
    looks = (a_look(ATLAS), a_look(ATLAS, host="edge", **own))
    (portal,) = report_of(*looks, records=[a_record(NAME, recorded)])["tenants"]
    assert [(each["kind"], each["host"]) for each in portal["drift"]] == [
        ("other_certificate_recorded", host) for host in hosts
    ]
    # The one that ends first
    assert portal["certificate"]["host"] == "edge"
