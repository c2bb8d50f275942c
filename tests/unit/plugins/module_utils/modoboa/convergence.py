# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring virtual hosts about on the server in memory."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import Outcome
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host_run import (
    Convergence,
    Manner,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_virtual_host import (
    read_items,
)
from unit.plugins.module_utils.modoboa.server import Server


def item(name: str, *domains: str, state: str = "present", **more: Any) -> dict[str, Any]:
    """An item of a task as the module hands it on."""
    return {"name": name, "domains": list(domains), "state": state, **more}


def run(
    server: Server, *items: dict[str, Any], warnings: list[str] | None = None, **manner: Any
) -> list[Outcome]:
    """Run once; ``check`` is short for ``check_mode``."""
    server.log.clear()
    manner["check_mode"] = manner.pop("check", False)
    now = [0.0]
    convergence = Convergence(
        server.client(),
        Manner(**manner),
        warn=([] if warnings is None else warnings).append,
        sleep=lambda seconds: now.append(now.pop() + seconds),
        clock=lambda: now[-1],
    )
    return convergence.bring_about(read_items(items))


def settled(server: Server, *items: dict[str, Any], **manner: Any) -> list[Outcome]:
    """Predict, do, and do again: the prediction is exact and the second run is silent.

    All that twice: in one request, and one by one. Both come to the same.
    """
    alone = copy.deepcopy(server)
    alone.takes_bulk = False
    at_once = _settled(server, *items, **manner)
    one_by_one = _settled(alone, *items, **manner)
    _compare(at_once, one_by_one)
    return at_once


def _settled(server: Server, *items: dict[str, Any], **manner: Any) -> list[Outcome]:
    predicted = run(copy.deepcopy(server), *items, check=True, **manner)
    done = run(server, *items, **manner)
    _compare(predicted, done)
    again = run(server, *items, **manner)
    assert not any(outcome.changed for outcome in again)
    assert server.writes() == []
    return done


def _compare(some: list[Outcome], others: list[Outcome]) -> None:
    assert len(some) == len(others)
    for left, right in zip(some, others):
        assert (left.before, left.after, left.error) == (right.before, right.after, right.error)
        assert {**left.facts, "pk": 0} == {**right.facts, "pk": 0}
