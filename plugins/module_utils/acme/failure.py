# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a failure: what is remembered of it, and when to try again."""

from __future__ import annotations

from datetime import datetime, timedelta

from .errors import AcmeError
from .memory import Failure

# after the first, second and third failure in a row; from the fourth on, daily
_PAUSES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(minutes=100))
_LONGEST_PAUSE = timedelta(days=1)
# The widest window of a public CA's rate limits
_LONGEST_LIMIT = timedelta(days=7)
# What fails here has cost the CA nothing: it may be tried again at once
_STEPS_WITHOUT_CA = ("storage", "probe")


def failed_again(previous: Failure | None, error: AcmeError, terms: str, now: datetime) -> Failure:
    """Return what to remember of a failed attempt.

    :param previous: the failure before, if the last attempt failed too
    :param terms: a digest of what was asked for
    """
    count = 1
    again = previous is not None and previous.terms == terms
    # what cost nothing does not make the pause longer after what does
    if previous and again and (_costs(previous.step) or not _costs(error.step)):
        count += previous.count
    asked = _asked_by_ca(error)
    return Failure(
        count=count,
        text=str(error.args[0]),
        step=error.step,
        problem=error.problem,
        terms=terms,
        at=now,
        next_attempt=now + max(asked or timedelta(0), _own_pause(count, error)),
        limited=asked is not None,
    )


def pause_after(failures: int) -> timedelta:
    """Return how long a CA is left alone.

    :param failures: how many there were in a row, at least 1
    """
    return _PAUSES[failures - 1] if failures <= len(_PAUSES) else _LONGEST_PAUSE


def _costs(step: str | None) -> bool:
    return step not in _STEPS_WITHOUT_CA


def _own_pause(count: int, error: AcmeError) -> timedelta:
    if not _costs(error.step):
        return timedelta(0)
    return pause_after(count)


def _asked_by_ca(error: AcmeError) -> timedelta | None:
    """Return how long the CA wants to be left alone; ``None`` if it named no time."""
    problem = error.problem
    if problem is None or problem.retry_after is None or problem.status not in (429, 503):
        return None
    return min(timedelta(seconds=problem.retry_after), _LONGEST_LIMIT)
