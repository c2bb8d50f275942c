# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling the CA that a certificate is not to be trusted any more (RFC 8555 section 7.6)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

from .errors import ProblemError, during
from .keys import AccountKey, PrivateKey
from .network import Network
from .waiting import Deadline

# RFC 5280 section 5.3.1, as far as a subscriber has a say
REASONS = {
    "unspecified": 0,
    "key_compromise": 1,
    "affiliation_changed": 3,
    "superseded": 4,
    "cessation_of_operation": 5,
}


def revoke(
    network: Network, certificate: bytes, reason: str, key: PrivateKey | None, deadline: Deadline
) -> None:
    """Revoke a certificate. One that the CA has revoked already is fine.

    The account signs; the certificate's own key does where the account may not, and where it is to
    prove that it is compromised, so that the CA never certifies it again.

    :param certificate: in DER
    :param reason: one of ``REASONS``
    :param key: of the certificate, if it is here
    :raises ProblemError: the CA refused
    :raises AcmeError: the CA cannot be reached or is not understood
    """
    payload = {
        "certificate": urlsafe_b64encode(certificate).rstrip(b"=").decode("ascii"),
        "reason": REASONS[reason],
    }
    with during("revocation"):
        own_key = AccountKey(key) if key else None
        if own_key is not None and reason == "key_compromise":
            _send(network, payload, own_key, deadline)
            return
        try:
            _send(network, payload, None, deadline)
        except ProblemError as error:
            if own_key is None or error.problem.code not in ("unauthorized", "accountDoesNotExist"):
                raise
            _send(network, payload, own_key, deadline)


def _send(
    network: Network, payload: dict[str, Any], key: AccountKey | None, deadline: Deadline
) -> None:
    url = network.endpoint("revokeCert", deadline)
    try:
        network.post(url, payload, deadline, what="the revocation", key=key)
    except ProblemError as error:
        if error.problem.code != "alreadyRevoked":
            raise
