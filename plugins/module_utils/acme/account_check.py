# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request that the CA refused: whether the account itself is the reason."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .errors import AcmeError, ProblemError
from .registration import ClosedAccountError, Registration

# A closed account, a key that is not the account's: CAs differ in what they call it.
_MAY_BE_THE_KEY = ("unauthorized", "malformed")


class AccountCheck:
    """Asks once a run: such a question counts against the CA's limits for new accounts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = False
        self._error: AcmeError | None = None

    def explain(self, refusal: ProblemError, find: Callable[[], Registration | None]) -> None:
        """Find out whether the account is the reason.

        :param refusal: what the CA said, which is seldom that
        :param find: asks the CA which account the key belongs to
        :raises ClosedAccountError: the account was closed
        :raises AcmeError: the account has another key, or the CA cannot be asked
        """
        if refusal.problem.code not in _MAY_BE_THE_KEY:
            return
        with self._lock:
            if not self._asked:
                self._error = _judge(refusal, find)
                self._asked = True
            error = self._error
        if error is not None:
            raise error

    def forget(self) -> None:
        """Ask anew next time, because the account was registered."""
        with self._lock:
            self._asked = False


def _judge(refusal: ProblemError, find: Callable[[], Registration | None]) -> AcmeError | None:
    try:
        if find():
            return None
    except ClosedAccountError as error:
        return error
    return AcmeError(
        "the CA does not know the key that is recorded here. If another host gave the"
        " account a new key, copy the folder account from its storage. To begin anew,"
        " remove the account with acme_account and state absent.",
        problem=refusal.problem,
    )
