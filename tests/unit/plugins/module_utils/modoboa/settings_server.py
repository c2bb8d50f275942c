# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Modoboa in the memory of the test, as far as the settings of virtual hosts go."""

from __future__ import annotations

import json
from typing import Any

import requests
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.module_utils.modoboa.server import Server


class SettingsServer(Server):
    """Has some settings; takes a part of them, or only all where it has nothing but the contract."""

    def __init__(self, **more: Any) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "acme_contact": [],
            "acme_renewal_threshold": 30,
            "nginx_upstream": "127.0.0.1:8000",
            **more,
        }
        self.sent: list[dict[str, Any]] = []
        self.meanwhile: dict[str, Any] = {}
        """What somebody else changes at the same time."""

    def _answer(self, line: str, request: requests.PreparedRequest) -> Answer:
        if line == "GET parameters/virtualhosts/":
            return Answer(body=self.settings)
        if line == "PUT parameters/virtualhosts/":
            content = json.loads(request.body or "{}")
            self.sent.append(content)
            missing = {name: ["This field is required."] for name in {*self.settings} - {*content}}
            if missing and not self.takes_bulk:
                return Answer(400, missing)
            kept = {name: each for name, each in content.items() if name not in self.ignores}
            self.settings = {**self.settings, **kept, **self.meanwhile}
            return Answer(body=self.settings)
        return super()._answer(line, request)
