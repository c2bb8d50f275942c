# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The global ACME and nginx settings that a server keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.bulk import Bulk
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.nothing_here import (
    nothing_here,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

_PATH = "parameters/virtualhosts/"


class Settings:
    """The endpoint of the settings."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self) -> dict[str, Any]:
        """All settings by name.

        :raises NoVirtualHostsError: the server has no such endpoint
        """
        try:
            content = self._client.get(_PATH)
        except errors.NotFoundError as found:
            raise nothing_here(self._client, found, "settings of virtual hosts") from None
        if not isinstance(content, dict) or not content:
            raise errors.UnexpectedAnswerError(
                f"GET /api/v2/{_PATH}: the answer is not a set of settings"
            )
        return content

    def write(self, before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change some settings; the others stay.

        Whether a server keeps what is left out of the request is not published, so all are sent.
        This project's extension, known by what it offers besides, does keep it: then what somebody
        else changes at the same time is not lost.

        :param before: all settings as they were read
        :returns: what was written
        :raises ValidationError: the server refuses one; nothing is written then
        """
        content = dict(changes) if Bulk(self._client).is_offered() else {**before, **changes}
        self._client.send("PUT", _PATH, json=content)
        return content
