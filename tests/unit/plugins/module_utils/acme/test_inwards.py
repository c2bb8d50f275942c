# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses are none of the Internet."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.inwards import leads_inwards


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.1.2.3",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        # IPv4 in other clothes
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "no address",
    ],
)
def test_inside(address: str) -> None:
    assert leads_inwards(address)


@pytest.mark.parametrize(
    "address", ["1.2.3.4", "172.32.0.1", "2a00:1450:4001:80b::200e", "64:ff9b::102:304"]
)
def test_outside(address: str) -> None:
    assert not leads_inwards(address)
