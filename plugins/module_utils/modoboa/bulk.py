# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many virtual hosts in one request, where the server offers that beyond the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

_PATH = "virtualhosts/bulk/"
# The server takes 2,000; half of them are done well within any timeout
_AT_ONCE = 1000


class Bulk:
    """The endpoint that makes, links, themes and reports many virtual hosts."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def is_offered(self) -> bool:
        """Whether the server has the endpoint; asked once.

        :raises ModoboaError: the server does not answer as it should
        """
        return self._client.offers(_PATH, "POST")

    def send(self, items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Send all items, in one request unless there are very many.

        :param items: each with ``name`` and what is to change of ``domains``, ``enabled``,
            ``theme``, ``status``, ``error`` and ``certificate_valid_until``; a virtual host that
            does not exist is made if a domain is named. No name may come twice
        :returns: the names whose item was refused, with the reason; where a request as a whole
            failed, all that were in it
        :raises ModoboaError: one that concerns the connection
        """
        refused: dict[str, str] = {}
        for start in range(0, len(items), _AT_ONCE):
            chunk = items[start : start + _AT_ONCE]
            try:
                refused.update(self._send(chunk))
            except errors.ModoboaError as error:
                if error.fatal:
                    raise
                refused.update(dict.fromkeys((item["name"] for item in chunk), str(error)))
        return refused

    def _send(self, items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        answer = self._client.send(
            "POST",
            _PATH,
            json={"virtualhosts": [dict(item) for item in items]},
            repeatable=True,  # it sets absolute values
        )
        try:
            # In the order of what was sent; a name that makes no sense is answered as null
            results = list(answer["results"])
            told = {
                item["name"]: f"POST /api/v2/{_PATH}: {result['error']}"
                for item, result in zip(items, results)
                if result["error"]
            }
        except (KeyError, TypeError):
            results = []
            told = {}
        if len(results) != len(items):
            raise errors.UnexpectedAnswerError(
                f"POST /api/v2/{_PATH}: the answer does not say what became of the virtual hosts"
            )
        return told
