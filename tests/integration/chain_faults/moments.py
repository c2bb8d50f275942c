# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the chain and of the renewal, and by what the test knows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from integration.chain_faults.steps_taken import Event

RECORDS = "POST /api/v2/virtualhosts/bulk/"
BLOCK = r"os.rename .*/mail\.[^/]*\.conf$"
RELOAD = r"os.kill"


@dataclass(frozen=True)
class Moment:
    """When a module is about to take a step.

    :ivar module: which one, and which run of it within the playbook
    :ivar what: a regular expression for the event
    :ivar after: one for an event of this run of the module that has to come before
    """

    module: str
    what: str
    after: str = ""

    def watcher(self) -> Callable[[Event], bool]:
        """Return what says yes to the event, given all of them in turn."""
        come = not self.after

        def chosen(event: Event) -> bool:
            nonlocal come
            if event.module != self.module:
                return False
            if come:
                return re.match(self.what, event.what) is not None
            come = re.match(self.after, event.what) is not None
            return False

        return chosen


# Pebble's paths
CERTIFICATE = {
    "order": Moment("acme_cert 1", "POST /order-plz"),
    "order placed": Moment("acme_cert 1", "open .*/.order.json", after="POST /order-plz"),
    "challenge": Moment("acme_cert 1", "POST /chalZ/"),
    "finalize": Moment("acme_cert 1", "POST /finalize-order/"),
    "fetch": Moment("acme_cert 1", "POST /certZ/"),
    "publish": Moment("acme_cert 1", "os.rename .*/current$"),
}
PROVISION = {
    "record": Moment("modoboa_vhost 1", RECORDS),
    "recorded": Moment("modoboa_vhost 1", "GET", after=RECORDS),
    "bootstrap block": Moment("nginx_vhost 1", BLOCK),
    "bootstrap reload": Moment("nginx_vhost 1", RELOAD),
    **CERTIFICATE,
    "final block": Moment("nginx_vhost 2", BLOCK),
    "reload": Moment("nginx_vhost 2", RELOAD),
    "verify": Moment("nginx_vhost 2", "socket.connect", after=RELOAD),
    "move": Moment("modoboa_vhost 2", RECORDS),
    # Through the list, or one by one
    "theme": Moment("modoboa_theme 1", "(POST|PUT|PATCH) "),
    "report": Moment("modoboa_vhost 3", RECORDS),
}
RENEWAL = {
    **CERTIFICATE,
    "reload": Moment("nginx_vhost 2", RELOAD),
    "verify": Moment("nginx_vhost 2", "socket.connect", after=RELOAD),
    "report": Moment("modoboa_vhost 1", RECORDS),
    "told": Moment("file 1", "(os.utime|open) .*/told"),
}
# What can happen at each step, and at some of them
FAULTS = ("killed", "cut", "disk full")
AT_SOME = {
    "answers lost": ("record", "order", "finalize", "theme", "report"),
    "controller killed": ("record", "order", "publish", "final block", "reload"),
    "module killed": ("recorded", "publish", "final block", "verify"),
}
# By then everything is done that these could break
TOO_LATE = {
    "provision": [("report", "disk full")],
    "renew": [
        *((step, "disk full") for step in ("publish", "reload", "verify", "report", "told")),
        ("told", "cut"),
    ],
}


def cases(playbook: str, steps: Collection[str]) -> list[tuple[str, str]]:
    """Each step with each fault that breaks a run of the playbook there."""
    everywhere = [(step, fault) for step in steps for fault in FAULTS]
    at_some = [(step, fault) for fault, some in AT_SOME.items() for step in some if step in steps]
    return [case for case in (*everywhere, *at_some) if case not in TOO_LATE[playbook]]
