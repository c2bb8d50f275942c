# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules return, in the shape that their documentation promises."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .account import Account
from .batch import Item, Outcome
from .certificate import timestamp
from .errors import AcmeError
from .store import CertificateStore


def certificate_result(item: Item, store: CertificateStore) -> dict[str, Any]:
    """Return one certificate's entry; of one that failed, what there was before is shown."""
    name = item.request.name
    certificate = item.stored.certificate
    error = item.error
    return {
        "name": name,
        "names": list(item.request.names),
        "changed": item.changed,
        "failed": error is not None,
        "error": str(error) if error else None,
        "step": error.step if error else None,
        "problem": error.problem.as_result() if error and error.problem else None,
        "reason": item.reason,
        "issuer": certificate.issuer if certificate else None,
        "serial": certificate.serial if certificate else None,
        "not_before": timestamp(certificate.not_before) if certificate else None,
        "not_after": timestamp(certificate.not_after) if certificate else None,
        "fullchain": str(store.chain_path(name)),
        "privkey": str(store.key_path(name)),
        "directory": item.stored.directory,
    }


def account_result(account: Account, outcome: Outcome) -> dict[str, Any]:
    """Return the account's entry, as far as the storage can be read."""
    result: dict[str, Any] = {"uri": None, "thumbprint": None, "changed": outcome.account_changed}
    with suppress(AcmeError, OSError):
        result["thumbprint"] = account.thumbprint
        result["uri"] = account.url
    return result
