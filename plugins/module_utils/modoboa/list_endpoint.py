# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An endpoint beyond the published contract that takes a list, and answers item by item."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

# Failures after which no request is split any more: enough to find three items among 1000
_FAILURES = 30
_OF_CONTENT = (errors.ValidationError, errors.ServerFaultError)


@dataclass(frozen=True)
class ListEndpoint:
    """Where it is, and what it takes.

    :ivar path: below the API's root
    :ivar key: what the list is called in the request
    :ivar noun: what the items are, in the plural, for messages
    :ivar at_once: how many go in one request
    """

    client: Client
    path: str
    key: str
    noun: str
    at_once: int

    def is_offered(self) -> bool:
        """Whether the server has the endpoint; asked once.

        :raises ModoboaError: the server does not answer as it should
        """
        return self.client.offers(self.path, "POST")

    def send(self, items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Send all items, in one request unless there are very many.

        A request that fails for what is in it is sent again in halves, so that an item which the
        server stumbles over, or a size that something on the way does not take, harms few others.

        :param items: each sets absolute values of its ``name``, which may not come twice
        :returns: the names whose item was refused, with the reason; where a request as a whole
            failed in the end, all that were in it
        :raises ModoboaError: one that concerns the connection
        """
        refused: dict[str, str] = {}
        starts = range(0, len(items), self.at_once)
        waiting = deque(items[start : start + self.at_once] for start in starts)
        failures = 0
        while waiting:
            chunk = waiting.popleft()
            try:
                refused.update(self._send(chunk))
            except errors.ModoboaError as error:
                if error.fatal:
                    raise
                failures += 1
                half = len(chunk) // 2
                if half and failures < _FAILURES and isinstance(error, _OF_CONTENT):
                    waiting.extendleft((chunk[half:], chunk[:half]))
                else:
                    refused.update(dict.fromkeys((item["name"] for item in chunk), str(error)))
        return refused

    def _send(self, items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        content = {self.key: [dict(item) for item in items]}
        answer = self.client.send("POST", self.path, json=content, repeatable=True)
        try:
            # In the order of what was sent; a name that makes no sense is answered as null
            results = list(answer["results"])
            told = {
                item["name"]: f"POST /api/v2/{self.path}: {result['error']}"
                for item, result in zip(items, results)
                if result["error"]
            }
        except (KeyError, TypeError):
            results = []
            told = {}
        if len(results) != len(items):
            raise errors.UnexpectedAnswerError(
                f"POST /api/v2/{self.path}: the answer does not say what became of the {self.noun}"
            )
        return told
