# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the options that all ACME modules share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account import Account
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.arguments import (
    account_from,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.network import Network
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.waiting import Deadline
from unit.plugins.module_utils.acme.authority import DIRECTORY, Authority, problem

OPTIONS = {
    "acme_directory": DIRECTORY,
    "account_contact": None,
    "terms_agreed": True,
    "account_key_type": None,
    "eab_kid": None,
    "eab_hmac_key": None,
    "eab_algorithm": "HS256",
}


@pytest.mark.parametrize(
    ("more", "asks"),
    [
        ({"force": False, "retry": True}, False),
        ({"force": True, "retry": False}, True),
        # as acme_account has neither
        ({}, True),
    ],
)
def test_who_asks_a_ca_that_wants_to_be_left_alone(
    new_network: Callable[[], Network],
    authority: Authority,
    tmp_path: Path,
    more: dict[str, Any],
    asks: bool,
) -> None:
    def ensure(**given: Any) -> Account:
        account = account_from({**OPTIONS, **given}, tmp_path)
        account.ensure(new_network(), Deadline(5))
        return account

    authority.fail("/newAccount", problem("rateLimited", 429, Retry_After=7200))
    with pytest.raises(AcmeError, match="rateLimited"):
        ensure()
    if asks:
        assert ensure(**more).changed
    else:
        with pytest.raises(AcmeError, match="rateLimited"):
            ensure(**more)
