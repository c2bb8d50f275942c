# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many virtual hosts in one request, where the server offers that beyond the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.list_endpoint import (
    ListEndpoint,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

_PATH = "virtualhosts/bulk/"
# The server takes 2,000; half of them are done well within any timeout
_AT_ONCE = 1000


class Bulk:
    """The endpoint that makes, links, themes and reports many virtual hosts."""

    def __init__(self, client: Client) -> None:
        self._endpoint = ListEndpoint(client, _PATH, "virtualhosts", "virtual hosts", _AT_ONCE)

    def is_offered(self) -> bool:
        """Whether the server has the endpoint; asked once.

        :raises ModoboaError: the server does not answer as it should
        """
        return self._endpoint.is_offered()

    def send(self, items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Send all items, see :meth:`ListEndpoint.send`.

        :param items: each with ``name`` and what is to change of ``domains``, ``enabled``,
            ``theme``, ``logos``, ``status``, ``error`` and ``certificate_valid_until``; a virtual
            host that does not exist is made if a domain is named
        :returns: the names whose item was refused, with the reason
        :raises ModoboaError: one that concerns the connection
        """
        return self._endpoint.send(items)
