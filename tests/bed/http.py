# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to the bed's own servers."""

from __future__ import annotations

from pathlib import Path

import requests


def session(ca_path: Path | None = None) -> requests.Session:
    """A session that trusts one CA and nothing of the caller's environment.

    A proxy or a CA bundle set there is for the outside; the bed is on loopback.
    """
    made = requests.Session()
    made.trust_env = False
    if ca_path is not None:
        made.verify = str(ca_path)
    return made
