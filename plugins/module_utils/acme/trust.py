# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the TLS certificate of the CA's own server is checked."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Trust:
    """Which certificates are trusted, if it is checked at all."""

    ca_path: str | None = None
    validate: bool = True

    def verify(self) -> bool | str:
        """Return it as requests takes it: a given file, else what the environment names."""
        if not self.validate:
            return False
        return self.ca_path or os.environ.get("REQUESTS_CA_BUNDLE") or True
