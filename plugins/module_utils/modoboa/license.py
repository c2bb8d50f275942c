# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a server's licence stands, and having it register the key of its settings.py.

The published contract has no endpoint for that: its key is registered in the web interface. This
project's extension has one. A server shows nothing of the key, but a fingerprint.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.nothing_here import (
    nothing_here,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

SETTING = "MODOBOA_PRO_LICENSE_KEY"
"""The name that the published contract gives the key in settings.py."""

_PATH = "virtualhosts/license/"
_FINGERPRINT_LENGTH = 16


def fingerprint(key: str) -> str:
    """What may be shown of a key: the beginning of its SHA-256; empty for no key.

    The server makes it in the same way, without the blanks around the key.
    """
    key = key.strip()
    return hashlib.sha256(key.encode()).hexdigest()[:_FINGERPRINT_LENGTH] if key else ""


@dataclass(frozen=True)
class License:
    """How the licence stands; None is what this server does not tell."""

    locked: bool
    needed: bool | None = None
    configured: bool | None = None
    registered: bool | None = None
    licensee: str | None = None
    last_error: str | None = None
    fingerprint: str | None = None
    can_register: bool = False

    @classmethod
    def from_json(cls, content: Any) -> License:
        """Read the server's description.

        :raises UnexpectedAnswerError: it is none
        """
        if not isinstance(content, dict) or not isinstance(content.get("locked"), bool):
            raise errors.UnexpectedAnswerError(
                f"GET /api/v2/{_PATH}: the answer does not say how the licence stands"
            )
        return cls(
            locked=content["locked"],
            needed=content.get("needed"),
            configured=content.get("configured"),
            registered=content.get("registered"),
            licensee=content.get("licensee"),
            last_error=content.get("last_error"),
            fingerprint=content.get("key_fingerprint"),
            can_register=True,
        )


class Licenses:
    """The licence of one server."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._is_offered: bool | None = None

    def read(self) -> License:
        """How the licence stands now.

        :raises ModoboaError: the server cannot be asked, or has no virtual hosts
        """
        if self._is_offered is None:
            self._is_offered = self._finds_endpoint()
        if self._is_offered:
            return License.from_json(self._client.get(_PATH))
        try:
            self._client.get("virtualhosts/", page_size=1)
        except errors.LicenseRequiredError:
            return License(locked=True)
        except errors.NotFoundError as found:
            raise nothing_here(self._client, found) from None
        return License(locked=False)

    def register(self) -> License:
        """Have the server register the key that it has.

        :raises ConflictError: whoever issues licences refused it
        """
        return License.from_json(self._client.send("POST", _PATH))

    def _finds_endpoint(self) -> bool:
        try:
            return self._client.offers(_PATH, "POST")
        except errors.LicenseRequiredError:
            return False  # such an endpoint would be open while the others are locked
