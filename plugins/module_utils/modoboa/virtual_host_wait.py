# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a server that provisions virtual hosts by itself."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Callable

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.virtual_host import (
    FAILED,
    READY,
    VirtualHost,
)

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0
# So long the failure from before may still be shown after a retry
_OLD_FAILURE = 5.0


class Waiting:
    """Looks at all virtual hosts at once, less and less often, until time is up."""

    def __init__(
        self,
        look: Callable[[], dict[str, VirtualHost]],
        timeout: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        :param look: reads all virtual hosts, by name
        :param timeout: seconds that all of it may take
        """
        self._look = look
        self._timeout = timeout
        self._sleep = sleep
        self._clock = clock
        self._last_error = ""

    def until_ready(
        self,
        names: Collection[str],
        hosts: Mapping[str, VirtualHost],
        retried: Collection[str] = (),
    ) -> tuple[dict[str, VirtualHost], dict[str, str]]:
        """Wait until each is ready, or has failed.

        :param names: for which to wait
        :param hosts: all virtual hosts as they were read last
        :param retried: those that are provisioned again, whose old failure does not count
        :returns: all virtual hosts as they are now, and by name what became of those that are not
            ready
        :raises ModoboaError: one that concerns the connection
        """
        start = self._clock()
        latest = dict(hosts)
        pause = _FIRST_PAUSE
        while True:
            spent = self._clock() - start
            old = retried if spent < min(_OLD_FAILURE, self._timeout) else ()
            open_ones = [name for name in names if not _is_done(latest.get(name), name in old)]
            if not open_ones or spent >= self._timeout:
                break
            self._sleep(min(pause, self._timeout - spent))
            pause = min(2 * pause, _LONGEST_PAUSE)
            latest = self._next(latest)
        problems = {name: problem(latest.get(name), self._timeout) for name in names}
        return latest, {
            name: text + self._last_error for name, text in problems.items() if text is not None
        }

    def _next(self, latest: dict[str, VirtualHost]) -> dict[str, VirtualHost]:
        try:
            seen = self._look()
        except errors.ModoboaError as error:
            # A server that restarts answers nothing, or its web server does: look again
            if error.fatal and not isinstance(error, errors.ServerUnreachableError):
                raise
            self._last_error = f" (the last look failed: {error})"
            return latest
        self._last_error = ""
        return seen


def problem(host: VirtualHost | None, timeout: float) -> str | None:
    """Why a virtual host is not ready; None if it is."""
    if host is None:
        return "it has disappeared while it was waited for"
    if host.status == READY:
        return None
    if host.status == FAILED:
        return f"provisioning failed: {host.error or 'the server does not say why'}"
    return (
        f"provisioning is still {host.status} after {timeout:g} seconds; look at the server's jobs,"
        " or raise wait_timeout"
    )


def _is_done(host: VirtualHost | None, old_failure: bool) -> bool:
    if host is None or host.status == READY:
        return True
    return host.status == FAILED and not old_failure
