# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is renewed: pure decisions, without a clock or a file of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from .certificate import Certificate
from .memory import Failure, Suggestion
from .moment import timestamp
from .request import CertificateRequest
from .state import Origin
from .store import Stored

# A certificate is left alone for the first two thirds of its life, or the first half if that life
# is so short that one missed run would matter.
_SHORT_LIFE = timedelta(days=10)
# How much of its life a certificate may lose because the next run would come too late
_EARLY_SHARE = 20

RENEWAL_INFORMATION = "renewal_information"
RENEW_DAYS = "renew_days"
LIFETIME = "lifetime"


@dataclass(frozen=True)
class Policy:
    """How the operator wants renewals to be decided.

    :ivar directory: the ACME directory that is asked now
    :ivar renew_days: the threshold, see :func:`threshold`
    :ivar run_interval: how long it takes at most until the next run
    :ivar force: issue in any case
    :ivar retry: do not wait after a failure, unless the CA itself has named a time
    :ivar only_renew: issue nothing where no certificate was published
    """

    directory: str
    renew_days: int = 30
    run_interval: timedelta = timedelta(hours=12)
    force: bool = False
    retry: bool = False
    only_renew: bool = False


@dataclass(frozen=True)
class Renewal:
    """When a certificate is to be renewed.

    :ivar source: ``renewal_information``, ``renew_days``, or ``lifetime`` for a share of it
    """

    moment: datetime
    source: str


@dataclass(frozen=True)
class Decision:
    """Whether to issue a certificate, and why or why not, for the reader.

    :ivar postponed: it is due, but failed lately and is left alone for a while
    """

    due: bool
    reason: str
    postponed: Failure | None = None


def threshold(not_before: datetime, not_after: datetime, renew_days: int) -> Renewal:
    """Return the moment from which a certificate is to be renewed at the latest.

    It lies ``renew_days`` before the end, but never before the share of the life that is left
    alone: "30 days before" would renew a certificate of six days in every run.

    :param renew_days: the operator's threshold
    """
    life = not_after - not_before
    if life <= timedelta(0):
        return Renewal(not_after, LIFETIME)
    spare = life / 2 if life < _SHORT_LIFE else life / 3
    wanted = timedelta(days=max(renew_days, 0))
    if wanted < spare:
        return Renewal(not_after - wanted, RENEW_DAYS)
    return Renewal(not_after - spare, LIFETIME)


def renewal_of(certificate: Certificate, suggestion: Suggestion | None, renew_days: int) -> Renewal:
    """Return when a certificate is to be renewed.

    The CA's renewal information (RFC 9773) makes it sooner than the operator's threshold, never
    later.

    :param suggestion: what the CA said, if it said anything about this certificate
    """
    latest = threshold(certificate.not_before, certificate.not_after, renew_days)
    moment = _suggested_moment(certificate, suggestion)
    if moment is not None and moment < latest.moment:
        return Renewal(moment, RENEWAL_INFORMATION)
    return latest


def decide(wanted: CertificateRequest, stored: Stored, policy: Policy, now: datetime) -> Decision:
    """Decide whether to issue a certificate, from what is wanted and what is there.

    :param now: aware
    """
    decision = _decide(wanted, stored, policy, now)
    failure = stored.memory.failure
    if not decision.due or policy.force or failure is None:
        return decision
    if failure.terms != wanted.terms(policy.directory) or not _paused(failure, policy, now):
        return decision
    times = "once" if failure.count == 1 else f"{failure.count} times in a row"
    reason = (
        f"{decision.reason}, but it failed {times} and is not tried again before"
        f" {timestamp(failure.next_attempt)}"
    )
    return Decision(False, reason, postponed=failure)


def _decide(wanted: CertificateRequest, stored: Stored, policy: Policy, now: datetime) -> Decision:
    certificate = stored.certificate
    # one that is damaged is another matter: whoever is served with it needs a new one
    if policy.only_renew and not stored.published:
        return Decision(False, "there is no certificate, and only renewals are wanted")
    if policy.force:
        return Decision(True, "forced")
    if certificate is None or stored.origin is None or stored.fault:
        return Decision(True, stored.fault or "there is no certificate")
    revoked = stored.memory.revoked
    if revoked and revoked.serial == certificate.serial:
        return Decision(True, f"it was revoked on {timestamp(revoked.at)}")
    difference = _difference(wanted, certificate, stored.origin, policy)
    if difference:
        return Decision(True, difference)
    return _decide_by_time(certificate, stored.origin, stored.memory.suggestion, policy, now)


def _decide_by_time(
    certificate: Certificate,
    origin: Origin,
    suggestion: Suggestion | None,
    policy: Policy,
    now: datetime,
) -> Decision:
    renewal = renewal_of(certificate, suggestion, policy.renew_days)
    moment = timestamp(renewal.moment)
    if now >= renewal.moment and _is_new(certificate, origin, renewal.moment, now):
        return Decision(
            False,
            f"it was issued lately, but by this host's clock was to be renewed from {moment} on."
            " Check the clock",
        )
    if now >= certificate.not_after:
        return Decision(True, f"it expired on {timestamp(certificate.not_after)}")
    if now >= renewal.moment:
        expires = timestamp(certificate.not_after)
        return Decision(
            True, f"it expires on {expires} and was to be renewed from {moment} on{_why(renewal)}"
        )
    if _next_run_is_too_late(certificate, suggestion, renewal, policy.run_interval, now):
        return Decision(
            True, f"it is to be renewed from {moment} on{_why(renewal)}, before the next run"
        )
    valid = timestamp(certificate.not_after)
    return Decision(False, f"valid until {valid}, to be renewed from {moment} on{_why(renewal)}")


def _is_new(certificate: Certificate, origin: Origin, moment: datetime, now: datetime) -> bool:
    """Say whether a certificate is due although it has just been issued, and not because of its CA.

    Then this host's clock is not that of the CA, and another certificate would be due as well.
    """
    short = (certificate.not_after - certificate.not_before) / _EARLY_SHARE
    if origin.published is None or moment - certificate.not_before < short:
        return False
    return origin.published <= now < origin.published + short


def _why(renewal: Renewal) -> str:
    return ", as its CA suggests" if renewal.source == RENEWAL_INFORMATION else ""


def _difference(
    wanted: CertificateRequest, certificate: Certificate, origin: Origin, policy: Policy
) -> str | None:
    if origin.adopted:
        # what the other client chose stays until it is due, as long as it serves all names
        lacking = certificate.lacking(wanted.names)
        return f"it lacks {', '.join(lacking)}" if lacking else None
    if certificate.names != frozenset(wanted.names):
        return _names_difference(certificate.names, frozenset(wanted.names))
    if wanted.csr is not None:
        if certificate.public_key != wanted.csr.public_key:
            return "the signing request is for another key"
    elif origin.key_elsewhere:
        return "it was issued for a signing request, and its key is somewhere else"
    elif certificate.key_type != wanted.key_type:
        return f"the key is {certificate.key_type}, {wanted.key_type} is wanted"
    if origin.directory != policy.directory:
        return f"it was issued by {origin.directory}"
    if origin.profile != wanted.profile:
        there, other = (each or "the CA's default" for each in (origin.profile, wanted.profile))
        return f"its profile is {there}, {other} is wanted"
    return None


def _names_difference(there: frozenset[str], wanted: frozenset[str]) -> str:
    parts = []
    if wanted - there:
        parts.append(f"it lacks {', '.join(sorted(wanted - there))}")
    if there - wanted:
        parts.append(f"it has {', '.join(sorted(there - wanted))} besides")
    return " and ".join(parts)


def _suggested_moment(certificate: Certificate, suggestion: Suggestion | None) -> datetime | None:
    if suggestion is None or suggestion.certificate != certificate.renewal_id:
        return None
    # before it was valid: whoever believed that would renew in every run
    if suggestion.end is not None and suggestion.end <= certificate.not_before:
        return None
    return suggestion.moment


def _next_run_is_too_late(
    certificate: Certificate,
    suggestion: Suggestion | None,
    renewal: Renewal,
    run_interval: timedelta,
    now: datetime,
) -> bool:
    """Say whether to renew now, because the suggested moment comes before the next run.

    Before the window has begun, a renewal counts against the CA's limits; so as long as the next
    run comes before the window's end, it is left to that one.
    """
    if renewal.source != RENEWAL_INFORMATION or suggestion is None:
        return False
    life = certificate.not_after - certificate.not_before
    next_run = now + min(run_interval, life / _EARLY_SHARE)
    if suggestion.start is None or suggestion.end is None or renewal.moment > next_run:
        return False
    return now >= suggestion.start or next_run >= suggestion.end


def _paused(failure: Failure, policy: Policy, now: datetime) -> bool:
    if policy.retry and not failure.limited:
        return False
    # before the failure: the clock was set back since, and the pause means nothing
    return failure.at <= now < failure.next_attempt
