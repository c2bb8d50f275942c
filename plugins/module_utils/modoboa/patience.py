# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a client goes on trying, and how long it waits in between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Patience:
    """How long to keep trying; all in seconds, for one request."""

    attempts: int = 4
    first_pause: float = 0.25
    longest_retry_after: float = 120.0
    longest_throttled: float = 300.0

    def pause(self, attempt: int) -> float:
        """Pause after the given attempt, counted from 1: twice as long each time, up to 4 s."""
        return min(self.first_pause * 2.0 ** (attempt - 1), 4.0)

    def fault_pause(self, attempt: int, retry_after: str | None) -> float | None:
        """Pause before a request that met a passing fault is sent again; None if it is not.

        :param attempt: how often it met one
        :param retry_after: what the server asks for, if it does
        """
        if attempt >= self.attempts:
            return None
        asked = _seconds(retry_after)
        if asked > self.longest_retry_after:
            return None
        return max(asked, self.pause(attempt))

    def throttle_pause(self, attempt: int, retry_after: str | None, waited: float) -> float | None:
        """Pause before a request that came too early is sent again; None if that is too long.

        Django REST framework cuts the seconds off to a whole number, so that "0" may mean 0.9: a
        little is added. Seven such steps are longer than any second.

        :param attempt: how often it came too early
        :param retry_after: what the server asks for, if it does
        :param waited: how long it has waited for that reason already
        """
        asked = _seconds(retry_after)
        if asked > self.longest_retry_after:
            return None
        pause = asked + self.pause(max(1, attempt - 7))
        return pause if waited + pause <= self.longest_throttled else None


def _seconds(retry_after: str | None) -> float:
    """The seconds that a Retry-After header asks for (RFC 9110, 10.2.3); 0 if it makes no sense."""
    text = (retry_after or "").strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max((moment - datetime.now(timezone.utc)).total_seconds(), 0.0)
