# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Modoboa in the memory of the test, as far as its licence goes."""

from __future__ import annotations

from typing import Any

import requests
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.license import fingerprint
from unit.plugins.module_utils.modoboa.script import Answer
from unit.plugins.module_utils.modoboa.server import Server

LOCKED = Answer(403, {"detail": "Not registered.", "code": "license_required"})


class LicenseServer(Server):
    """Locked until its key is registered; who sells keys takes all but ``refused``."""

    def __init__(self, key: str = "") -> None:
        super().__init__()
        self.key = key
        self.registered_key = ""
        self.last_error = ""
        self.has_endpoint = True
        self.tells_fingerprint = True
        self.keeps = True

    def _answer(self, line: str, request: requests.PreparedRequest) -> Answer:
        locked = bool(self.key) and self.registered_key != self.key
        if line.endswith(" virtualhosts/license/"):
            if not self.has_endpoint:  # the key of no virtual host
                return LOCKED if locked else Answer(200, {}, {"Allow": "DELETE, OPTIONS"})
            return self._license(line.partition(" ")[0])
        if locked:
            return LOCKED
        return super()._answer(line, request)

    def _license(self, method: str) -> Answer:
        if method == "OPTIONS":
            return Answer(200, {}, {"Allow": "GET, POST, HEAD, OPTIONS"})
        if method == "POST":
            if not self.key:
                return Answer(409, {"error": "This instance has no licence key."})
            if self.key == "refused":
                self.last_error = "unknown"
                return Answer(409, {"error": "The licensing endpoint refused the key: unknown"})
            if self.keeps:
                self.registered_key = self.key
        registered = bool(self.key) and self.registered_key == self.key
        shown: dict[str, Any] = {
            "needed": bool(self.key),
            "configured": bool(self.key),
            "registered": registered,
            "locked": bool(self.key) and not registered,
            "licensee": "Example Hosting" if self.registered_key else "",
            "last_error": self.last_error,
        }
        if self.tells_fingerprint:
            shown["key_fingerprint"] = fingerprint(self.key)
        return Answer(body=shown)
