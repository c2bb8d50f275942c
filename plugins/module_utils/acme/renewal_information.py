# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the CA would like a certificate to be renewed: renewal information (RFC 9773)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from .certificate import Certificate
from .errors import AcmeError, ProblemError, UnreachableError
from .failure import pause_after
from .memory import Suggestion
from .moment import moment_of
from .network import Network
from .reply import Reply
from .waiting import Deadline

# RFC 9773 section 4.3.2: an answer without Retry-After, and one that says no for long
_USUAL_PAUSE = timedelta(hours=6)
_SHORTEST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(days=1)


def is_stale(suggestion: Suggestion | None, certificate: Certificate, now: datetime) -> bool:
    """Say whether the CA may, and should, be asked about a certificate again.

    A certificate that has expired is not asked about (RFC 9773 section 4.3).
    """
    if certificate.renewal_id is None or now >= certificate.not_after:
        return False
    if suggestion is None or suggestion.certificate != certificate.renewal_id:
        return True
    # further away than any pause can be: the clock was set back since
    return now >= suggestion.ask_again or suggestion.ask_again > now + _LONGEST_PAUSE


class RenewalInformation:
    """Asks one CA, and for the rest of a run no more once it gives no answer."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._silence: UnreachableError | None = None

    def ask(
        self,
        certificate: Certificate,
        previous: Suggestion | None,
        now: datetime,
        deadline: Deadline,
    ) -> Suggestion | None:
        """Ask the CA when to renew a certificate, and choose a moment in the window.

        The moment is chosen once: it stays until the CA suggests another window. An answer that
        cannot be had leaves what was known before, and says when to ask again.

        :param previous: what was known before
        :returns: ``None`` for a certificate that no CA can be asked about
        """
        renewal_id = certificate.renewal_id
        if renewal_id is None:
            return None
        if previous is None or previous.certificate != renewal_id:
            previous = Suggestion(renewal_id, now)
        try:
            if not self._network.offers("renewalInfo", deadline):
                return Suggestion(renewal_id, now + _LONGEST_PAUSE)
            reply = self._get(renewal_id, deadline)
            if 400 <= reply.status < 500 and reply.status != 429:
                return replace(previous, ask_again=now + _USUAL_PAUSE, failures=0)
            return _read(reply, certificate, previous, now)
        except AcmeError as error:
            return _failed(previous, error, now)

    def _get(self, renewal_id: str, deadline: Deadline) -> Reply:
        # hundreds of certificates must not wait for a silent CA in turn
        if self._silence is not None:
            raise self._silence
        url = self._network.endpoint("renewalInfo", deadline).rstrip("/")
        try:
            return self._network.get(f"{url}/{renewal_id}", deadline)
        except UnreachableError as error:
            self._silence = error
            raise


def _read(
    reply: Reply, certificate: Certificate, previous: Suggestion, now: datetime
) -> Suggestion:
    if reply.status != 200:
        raise ProblemError("the CA does not say when to renew", reply.problem())
    document = reply.json()
    window: Any = document.get("suggestedWindow")
    try:
        start, end = moment_of(window["start"]), moment_of(window["end"])
    except (KeyError, TypeError, ValueError) as error:
        raise AcmeError("the CA's renewal information has no window that can be read") from error
    if end <= start:
        raise AcmeError("the CA's renewal information has a window that ends before it begins")
    moment = previous.moment
    if moment is None or (start, end) != (previous.start, previous.end):
        moment = _any_moment(start, end, certificate)
    explanation = document.get("explanationURL")
    return Suggestion(
        certificate=previous.certificate,
        ask_again=now + _pause(reply.retry_after),
        start=start,
        end=end,
        moment=moment.replace(microsecond=0),
        explanation=explanation if isinstance(explanation, str) else None,
    )


def _any_moment(start: datetime, end: datetime, certificate: Certificate) -> datetime:
    # For a short-lived certificate, windows of a fixed length may begin before it was there, and a
    # moment out of that part would renew it at once. A window that is over by then means just that.
    if start < certificate.not_before < end:
        start = certificate.not_before
    return start + (end - start) * random.random()  # noqa: S311 - spreads load, no secret


def _failed(previous: Suggestion, error: AcmeError, now: datetime) -> Suggestion:
    failures = previous.failures + 1
    pause = pause_after(failures)
    if error.problem and error.problem.retry_after is not None:
        pause = max(pause, _pause(error.problem.retry_after))
    return replace(previous, ask_again=now + pause, failures=failures)


def _pause(retry_after: float | None) -> timedelta:
    if retry_after is None:
        return _USUAL_PAUSE
    seconds = min(retry_after, _LONGEST_PAUSE.total_seconds())
    return max(timedelta(seconds=seconds), _SHORTEST_PAUSE)
