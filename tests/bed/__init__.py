# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test bed: a real Modoboa, nginx, redis and ACME CA as child processes on loopback.

Everything lives under one private folder of the checkout (see ``bed.prefix``); nothing is written
outside it and no system service is touched. ``python -m bed setup`` installs what is needed with
the standard library alone, so nothing else may be imported from here eagerly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bed.errors import BedError

if TYPE_CHECKING:
    from bed.bed import Bed

__all__ = ["Bed", "BedError"]


def __getattr__(name: str) -> object:
    if name == "Bed":
        from bed.bed import Bed

        return Bed
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
