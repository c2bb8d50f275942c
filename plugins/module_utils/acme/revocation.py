# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling the CA that a certificate is not to be trusted any more (RFC 8555 section 7.6)."""

from __future__ import annotations

from .errors import ProblemError, during
from .keys import AccountKey, PrivateKey, base64url
from .network import Network
from .waiting import Deadline

COMPROMISED = "key_compromise"
# RFC 5280 section 5.3.1, as far as a subscriber has a say
REASONS = {
    "unspecified": 0,
    COMPROMISED: 1,
    "affiliation_changed": 3,
    "superseded": 4,
    "cessation_of_operation": 5,
}

# What CAs answer to a signer who may not revoke, or whom they do not expect
_NOT_ALLOWED = ("unauthorized", "accountDoesNotExist", "malformed")


def revoke(
    network: Network, certificate: bytes, reason: str, key: PrivateKey | None, deadline: Deadline
) -> None:
    """Revoke a certificate. One that the CA has revoked already is fine.

    The account signs, or the certificate's own key: that first where it is to prove that it is
    compromised, so that the CA never certifies it again. What the one may not, the other may.

    :param certificate: in DER
    :param reason: one of ``REASONS``
    :param key: of the certificate, if it is here
    :raises ProblemError: the CA refused
    :raises AcmeError: the CA cannot be reached or is not understood
    """
    payload = {
        "certificate": base64url(certificate),
        "reason": REASONS[reason],
    }
    signers: list[AccountKey | None] = [None]
    if key is not None:
        signers.insert(0 if reason == COMPROMISED else 1, AccountKey(key))
    with during("revocation"):
        url = network.endpoint("revokeCert", deadline)
        while signers:
            try:
                network.post(url, payload, deadline, what="the revocation", key=signers.pop(0))
                return
            except ProblemError as error:
                if error.problem.code == "alreadyRevoked":
                    return
                if not signers or error.problem.code not in _NOT_ALLOWED:
                    raise
