# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A visit to a portal, as a question that can be asked all the time."""

from __future__ import annotations

import itertools
import ssl
import time
from collections.abc import Iterable

from bed.ports import LOOPBACK
from bed.prober import Portal

# Seconds in which there has to be an answer, on a machine that is busy with other things
PATIENCE = 8
# A page of nginx's own, mostly, and now and then one of the application
PATHS = (*["/"] * 9, "/accounts/login/")


class Visit:
    """Asks a portal over a new connection each time.

    An answer counts if its certificate is the CA's for that name, and its status 200.
    """

    def __init__(
        self,
        hostname: str,
        port: int,
        context: ssl.SSLContext,
        address: str = LOOPBACK,
        paths: Iterable[str] = PATHS,
    ) -> None:
        """:param context: trusts the CA, and nobody else"""
        self._portal = Portal(hostname, address, port, context, PATIENCE)
        self._paths = itertools.cycle(paths)

    def __call__(self) -> str | None:
        """Return what was wrong, and when, if something was."""
        path, at = next(self._paths), time.strftime("%H:%M:%S")
        try:
            self._portal.ask(path, 200)
        except Exception as error:
            return f"{at} {self._portal.name}{path}: {error!r}"
        return None
