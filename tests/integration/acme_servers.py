# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ACME servers of the bed, as parameters of tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bed.acme_bed import AcmeBed
from bed.acme_servers import SERVERS

OLDEST = "pebble-bookworm"
NEWEST = "pebble-sid"
# The oldest is the one of the shared bed, and so of whole playbooks. The others are for `make test-all`.
EACH_SERVER = [
    pytest.param(name, marks=() if name == NEWEST else pytest.mark.extended) for name in SERVERS
]

# The fixture start_acme: a server's name and CaOptions
StartAcme = Callable[..., AcmeBed]
