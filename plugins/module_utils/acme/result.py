# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules return, in the shape that their documentation promises."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .account import Account
from .certificate import Certificate
from .errors import AcmeError
from .memory import Failure
from .moment import timestamp
from .outcome import Item, Outcome
from .renewal import renewal_of
from .store import CertificateStore, Stored


def certificate_result(item: Item, store: CertificateStore, renew_days: int) -> dict[str, Any]:
    """Return one certificate's entry; of one that failed, what there was before is shown."""
    error = item.error
    return {
        "name": item.request.name,
        "names": list(item.request.names),
        "changed": item.changed,
        "issued": item.issued,
        "failed": error is not None,
        "error": str(error) if error else None,
        "step": error.step if error else None,
        "problem": error.problem.as_result() if error and error.problem else None,
        "postponed": item.postponed,
        "reason": item.reason,
        "present": item.present,
        **stored_result(item.request.folder, item.stored, store, renew_days),
    }


def stored_result(
    folder: str, stored: Stored, store: CertificateStore, renew_days: int
) -> dict[str, Any]:
    """Return what is known of the certificate in a folder, whatever was asked for."""
    certificate, origin = stored.certificate, stored.origin
    return {
        **_facts(certificate),
        "fullchain": str(store.chain_path(folder)),
        "privkey": None if origin and origin.key_elsewhere else str(store.key_path(folder)),
        "directory": origin.directory or None if origin else None,
        "profile": origin.profile if origin else None,
        "renewal": _renewal(stored, renew_days),
        "failures": _failures(stored.memory.failure),
    }


def _facts(certificate: Certificate | None) -> dict[str, Any]:
    return {
        "issuer": certificate.issuer if certificate else None,
        "serial": certificate.serial if certificate else None,
        "key_type": certificate.key_type if certificate else None,
        "not_before": timestamp(certificate.not_before) if certificate else None,
        "not_after": timestamp(certificate.not_after) if certificate else None,
    }


def _renewal(stored: Stored, renew_days: int) -> dict[str, Any] | None:
    if stored.certificate is None:
        return None
    suggestion = stored.memory.suggestion
    renewal = renewal_of(stored.certificate, suggestion, renew_days)
    return {
        "moment": timestamp(renewal.moment),
        "source": renewal.source,
        "explanation": suggestion.explanation if suggestion else None,
    }


def _failures(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "count": failure.count,
        "last": timestamp(failure.at),
        "last_error": str(failure.error()),
        "next_attempt": timestamp(failure.next_attempt),
    }


def account_result(account: Account, outcome: Outcome) -> dict[str, Any]:
    """Return the account's entry, as far as the storage can be read."""
    result: dict[str, Any] = {"uri": None, "thumbprint": None, "changed": outcome.account_changed}
    with suppress(AcmeError, OSError):
        result["thumbprint"] = account.thumbprint
        result["uri"] = account.url
    return result
