# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ACME servers that there are to choose from, by name."""

from __future__ import annotations

from bed.acme2certifier import Acme2certifier
from bed.acme_server import AcmeServer
from bed.pebble import Pebble, PebbleSid, PebbleTrixie

SERVERS: dict[str, type[AcmeServer]] = {
    "pebble-bookworm": Pebble,
    "pebble-trixie": PebbleTrixie,
    "pebble-sid": PebbleSid,
    "acme2certifier": Acme2certifier,
}
