# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long to wait: the end of patience, pauses between two looks, and Retry-After."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TypeVar

from .errors import OutOfTimeError

# A CA on the same network is done after milliseconds, a public one after seconds.
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 2.0
_GROWTH = 1.7
# A thousand years, which can still be added to a date
_FOREVER = 1000 * 365.0 * 24 * 3600

Answer = TypeVar("Answer")


class Deadline:
    """The moment when patience with the CA ends."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Return the seconds left, negative when there are none."""
        return self._end - self._clock()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Do something in the block that takes none of the time, as the CA is not waited for."""
        began = self._clock()
        try:
            yield
        finally:
            self._end += self._clock() - began


def retry_after_seconds(value: str | None, now: datetime | None = None) -> float | None:
    """Read a Retry-After header, which holds seconds or a date (RFC 9110 section 10.2.3).

    :returns: seconds from now, never negative; ``None`` when missing or unreadable
    """
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _FOREVER)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - (now or datetime.now(timezone.utc))).total_seconds())


def poll(
    look: Callable[[], tuple[Answer | None, float | None]],
    deadline: Deadline,
    *,
    what: str,
    retry_after: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Look until there is an answer, as often as the server allows.

    The pauses start tiny and grow. The server's Retry-After makes them longer, never shorter: zero,
    or a date that the clock of this host has passed, must not make this a busy loop.

    :param look: returns the answer or ``None``, and the server's Retry-After
    :param what: is being waited for, for the error
    :param retry_after: what the server said before the first look
    :raises OutOfTimeError: the deadline came first
    """
    pause = _FIRST_PAUSE
    while True:
        wait = max(pause, retry_after or 0.0)
        if wait > deadline.remaining():
            raise OutOfTimeError(
                f"the CA did not come to an end with {what} in the time allowed. Run again, with a"
                " longer order_timeout if this happens often."
            )
        sleep(wait)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
        answer, retry_after = look()
        if answer is not None:
            return answer
