# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in one request, and what a request that fails as a whole does to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.list_endpoint import (
    ListEndpoint,
)

if TYPE_CHECKING:
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

NAMES = [f"mail.t{number}.example" for number in range(1000)]


class Stumbling:
    """A client of a server that fails as a whole where some names are."""

    def __init__(
        self,
        fails: Callable[[list[str]], bool],
        error: type[errors.ModoboaError] = errors.ServerFaultError,
    ) -> None:
        self._fails = fails
        self._error = error
        self.requests: list[int] = []
        self.done: list[str] = []

    def send(self, _method: str, _path: str, *, json: Any, repeatable: bool) -> Any:
        assert repeatable
        names = [item["name"] for item in json["items"]]
        self.requests.append(len(names))
        if self._fails(names):
            raise self._error("it failed")
        self.done += names
        return {"results": [{"name": name, "error": None} for name in names]}

    def refused(self) -> list[str]:
        endpoint = ListEndpoint(cast("Client", self), "items/", "items", "items", 1000)
        return list(endpoint.send([{"name": name} for name in NAMES]))


@pytest.mark.parametrize("bad", [[500], [0, 499, 999]])
def test_items_that_the_server_stumbles_over_fail_alone(bad: list[int]) -> None:
    names = [NAMES[number] for number in bad]
    client = Stumbling(lambda sent: not set(names).isdisjoint(sent))
    assert client.refused() == names
    assert client.done == [name for name in NAMES if name not in names]


def test_lists_become_as_small_as_they_have_to_be() -> None:
    client = Stumbling(lambda sent: len(sent) > 300, errors.ValidationError)
    assert client.refused() == []
    assert client.requests == [1000, 500, 250, 250, 500, 250, 250]


def test_server_that_always_fails_is_left_alone_soon() -> None:
    client = Stumbling(lambda _sent: True)
    assert client.refused() == NAMES
    assert len(client.requests) < 45


def test_server_that_is_away_is_not_asked_for_less() -> None:
    client = Stumbling(lambda _sent: True, errors.ServerUnavailableError)
    assert client.refused() == NAMES
    assert client.requests == [1000]
