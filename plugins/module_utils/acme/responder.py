# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every way of answering challenges has in common."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol


class Responder(Protocol):
    """Puts the answers to challenges where the CA looks for them."""

    @property
    def challenge_type(self) -> str:
        """Which challenge it answers, as ACME calls it: ``http-01`` or ``dns-01``."""

    @property
    def settle_seconds(self) -> float:
        """Seconds to wait after the last answer of an order was placed."""

    @property
    def warnings(self) -> Sequence[str]:
        """What went wrong without harm to a certificate."""

    def answering(
        self, name: str, token: str, key_authorization: str, /
    ) -> AbstractContextManager[None]:
        """Serve the answer to one challenge for the duration of the block.

        :param name: the identifier as the CA has it: for a wildcard the name without ``*.``
            (RFC 8555 section 7.1.4)
        :param token: of the challenge
        :param key_authorization: the token with the account key's thumbprint (RFC 8555 section 8.1)
        :raises AcmeError: the answer cannot be placed
        :raises OSError: the answer cannot be placed
        """
