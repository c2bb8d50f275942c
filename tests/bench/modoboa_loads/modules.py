# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""modoboa_vhost and modoboa_theme, this collection's own modules, as the two tasks of a playbook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.modoboa_loads.portals import Portal
from bench.modoboa_loads.writer import Writer


class Modules(Writer):
    """They compare before they write, and read back."""

    title = "modoboa_vhost and modoboa_theme"

    def play(self, portals: Sequence[Portal]) -> dict[str, Any]:
        """Return the tasks."""
        modoboa = self.bed.modoboa
        connection = {"url": modoboa.url, "token": modoboa.token, "ca_path": str(modoboa.ca_path)}
        hosts = [{"name": each.name, "domains": [each.domain]} for each in portals]
        themes = [
            {"name": each.name, "colors": each.colors, "logos": {"login": str(each.logo)}}
            for each in portals
        ]
        return {
            "module_defaults": {"group/mailhost.modoboa.modoboa": connection},
            "tasks": [
                {"mailhost.modoboa.modoboa_vhost": {"vhosts": hosts}},
                {"mailhost.modoboa.modoboa_theme": {"themes": themes}},
            ],
        }
