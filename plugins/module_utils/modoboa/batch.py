# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many items in one run: each with an outcome of its own, and one end for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from ansible_collections.mailhost.modoboa.plugins.module_utils.items import change, finish
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import CONNECTIONS
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.connection import (
    connect,
    require_library,
)

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client

State = Mapping[str, Any]
_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Outcome:
    """What became of one item; in check mode, what would.

    ``before`` and ``after`` describe it for the diff, empty where it does not exist; ``facts``
    are further results.
    """

    name: str
    before: State = field(default_factory=dict)
    after: State = field(default_factory=dict)
    facts: State = field(default_factory=dict)
    error: str | None = None

    @property
    def changed(self) -> bool:
        """Whether it is different now."""
        return self.before != self.after

    def result(self) -> dict[str, Any]:
        """The item's entry in the results."""
        return {
            "name": self.name,
            **self.facts,
            "changed": self.changed,
            "failed": self.error is not None,
            "error": self.error,
        }


def run(
    module: AnsibleModule,
    list_option: str,
    noun: str,
    work: Callable[[Client], Sequence[Outcome]],
) -> None:
    """Connect, do the work, and end the module.

    An error that concerns the connection ends it at once, without results: none of them would
    tell anything about its item.

    :param list_option: the option that takes the list; the results have the same name
    :param noun: what the items are, in the plural
    :param work: brings all items about and returns their outcomes
    """
    require_library(module)
    client: Client | None = None
    try:
        client = connect(module.params)
        outcomes = work(client)
    except errors.ModoboaError as error:
        module.fail_json(msg=str(error), changed=client is not None and client.has_written)
        return
    finish(
        module,
        list_option,
        noun,
        [outcome.result() for outcome in outcomes],
        [
            change(outcome.name, *difference(outcome.before, outcome.after))
            for outcome in outcomes
            if outcome.changed
        ],
    )


def error_of(action: Callable[[], None]) -> str | None:
    """Do something for one item; the text of the error if it fails.

    :raises ModoboaError: one that concerns the connection, not the item
    """
    try:
        action()
    except errors.ModoboaError as error:
        if error.fatal:
            raise
        return str(error)
    return None


def for_each(function: Callable[[_Thing], _Result], things: Iterable[_Thing]) -> list[_Result]:
    """Call a function for many things, a few at a time, and keep the order of the results."""
    with ThreadPoolExecutor(max_workers=CONNECTIONS) as pool:
        return list(pool.map(function, things))


def difference(before: State, after: State) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what differs between two states, at any depth."""
    left: dict[str, Any] = {}
    right: dict[str, Any] = {}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if key in before and key in after:
            if old == new:
                continue
            if isinstance(old, Mapping) and isinstance(new, Mapping):
                left[key], right[key] = difference(old, new)
                continue
        if key in before:
            left[key] = old
        if key in after:
            right[key] = new
    return left, right
