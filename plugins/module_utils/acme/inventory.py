# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in a storage, whoever asked for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .errors import during
from .identifier import folder_name, name_of, normalized
from .renewal import renewal_of
from .result import stored_result
from .store import CertificateStore, Stored


@dataclass(frozen=True)
class Question:
    """Which certificates somebody wants to know about.

    :ivar names: main names; ``None`` for all
    :ivar expiring_within: only those that expire so soon, or cannot be used; ``None`` for all
    :ivar renew_days: the threshold for the next renewal
    """

    names: Collection[str] | None = None
    expiring_within: timedelta | None = None
    renew_days: int = 30


def look(store: CertificateStore, question: Question, now: datetime) -> list[dict[str, Any]]:
    """Return what is known of the certificates in a storage, by name.

    A name that is asked for and not there has an entry too.

    :raises AcmeError: a name is malformed, or the storage cannot be read
    """
    names = question.names
    folders = None if names is None else sorted(folder_name(normalized(name)) for name in names)
    with during("storage"):
        found = (
            (folder, store.read(folder))
            for folder in (store.names() if folders is None else folders)
        )
        return [
            _entry(folder, stored, store, question, now)
            for folder, stored in found
            if _expires_in_time(stored, question.expiring_within, now)
        ]


def _entry(
    folder: str, stored: Stored, store: CertificateStore, question: Question, now: datetime
) -> dict[str, Any]:
    certificate = stored.certificate
    revoked = stored.memory.revoked
    is_revoked = bool(certificate and revoked and revoked.serial == certificate.serial)
    due = is_revoked or stored.fault is not None
    if certificate is not None and not due:
        renewal = renewal_of(certificate, stored.memory.suggestion, question.renew_days)
        due = now >= min(renewal.moment, certificate.not_after)
    return {
        "name": name_of(folder),
        "present": certificate is not None and stored.fault is None,
        "fault": stored.fault,
        "names": sorted(certificate.names) if certificate else [],
        "seconds_left": _seconds_left(stored, now),
        "due": due,
        "revoked": is_revoked,
        "adopted": stored.origin is not None and stored.origin.adopted,
        "order_open": store.order(folder).read() is not None,
        **stored_result(folder, stored, store, question.renew_days),
    }


def _seconds_left(stored: Stored, now: datetime) -> int | None:
    if stored.certificate is None:
        return None
    return int((stored.certificate.not_after - now).total_seconds())


def _expires_in_time(stored: Stored, within: timedelta | None, now: datetime) -> bool:
    if within is None or stored.certificate is None or stored.fault is not None:
        return True
    return stored.certificate.not_after - now < within
