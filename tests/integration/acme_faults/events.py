# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of acme_cert that dies at some event.

Events are every change of a file below the storage, just before it is made, and every request to
the CA: just before it is sent, and just after its answer has arrived.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import requests
from integration.acme_faults.module import payload_of, watched
from integration.audited import Audited
from integration.killing import Child, Death, Events


def child(number: int, storage: Path, work: Callable[[], object]) -> Child:
    """Start it. Its notes are the main names of the certificates that the CA has agreed to issue.

    :param number: of the event, counted from 0
    :param storage: below which changes count
    :param work: what it does
    """

    def watch(events: Events) -> AbstractContextManager[None]:
        events.audit(Audited([str(storage)]))
        events.before(os, "fsync")
        requested = _Requests(events)
        return watched(requested.before, requested.after)

    return Child(number, storage.with_name(f"{storage.name}-{number}.journal"), watch, work)


def dies_at(number: int, storage: Path, work: Callable[[], object]) -> Death:
    """Run something in a child until it dies at the event with this number, or comes to its end."""
    return child(number, storage, work).wait()


class _Requests:
    """Requests to the CA as events."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._orders: dict[str, str] = {}

    def before(self, request: requests.PreparedRequest) -> None:
        self._events.happens(f"before {request.method} {request.path_url}")

    def after(self, request: requests.PreparedRequest, answer: requests.Response) -> None:
        issued = self._orders.get(str(request.url))
        if issued and answer.ok:
            self._events.note(issued)
        elif answer.status_code == 201 and "identifiers" in (payload := payload_of(request)):
            # the main name is the first of each certificate's names in the alphabet
            name = str(payload["identifiers"][0]["value"])
            self._orders[str(answer.json()["finalize"])] = name
        self._events.happens(f"after {request.method} {request.path_url}")
