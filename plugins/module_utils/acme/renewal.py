# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is renewed: pure decisions, without a clock or a file of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from .certificate import timestamp
from .request import CertificateRequest
from .store import Stored

# A certificate is left alone for the first two thirds of its life, or the first half if that life
# is so short that one missed run would matter.
_SHORT_LIFE = timedelta(days=10)


@dataclass(frozen=True)
class Decision:
    """Whether to issue a certificate, and why or why not, for the reader."""

    due: bool
    reason: str


def renewal_moment(not_before: datetime, not_after: datetime, renew_days: int) -> datetime:
    """Return the moment from which a certificate is to be renewed.

    It lies ``renew_days`` before the end, but never before the share of the life that is left
    alone: "30 days before" would renew a certificate of six days in every run.

    :param renew_days: the operator's threshold
    """
    life = not_after - not_before
    if life <= timedelta(0):
        return not_after
    spare = life / 2 if life < _SHORT_LIFE else life / 3
    return not_after - min(timedelta(days=max(renew_days, 0)), spare)


def decide(
    wanted: CertificateRequest,
    stored: Stored,
    *,
    directory: str,
    renew_days: int,
    force: bool,
    now: datetime,
) -> Decision:
    """Decide whether to issue a certificate, from what is wanted and what is there.

    :param directory: the ACME directory that is asked now
    :param renew_days: the operator's threshold, see :func:`renewal_moment`
    :param force: issue in any case
    :param now: aware
    """
    certificate = stored.certificate
    if force:
        return Decision(True, "forced")
    if certificate is None or stored.fault:
        return Decision(True, stored.fault or "there is no certificate")
    if certificate.names != frozenset(wanted.names):
        return Decision(True, _names_difference(certificate.names, frozenset(wanted.names)))
    if certificate.key_type != wanted.key_type:
        return Decision(True, f"the key is {certificate.key_type}, {wanted.key_type} is wanted")
    if stored.directory != directory:
        return Decision(True, f"it was issued by {stored.directory}")
    if now >= certificate.not_after:
        return Decision(True, f"it expired on {timestamp(certificate.not_after)}")
    moment = renewal_moment(certificate.not_before, certificate.not_after, renew_days)
    if now >= moment:
        return Decision(
            True,
            f"it expires on {timestamp(certificate.not_after)} and was to be renewed from"
            f" {timestamp(moment)} on",
        )
    return Decision(
        False,
        f"valid until {timestamp(certificate.not_after)}, to be renewed from {timestamp(moment)} on",
    )


def _names_difference(there: frozenset[str], wanted: frozenset[str]) -> str:
    parts = []
    if wanted - there:
        parts.append(f"it lacks {', '.join(sorted(wanted - there))}")
    if there - wanted:
        parts.append(f"it has {', '.join(sorted(there - wanted))} besides")
    return " and ".join(parts)
