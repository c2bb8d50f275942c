# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA in memory, and a connection to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account import Account
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.account_plan import (
    AccountOptions,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.batch import (
    Batch,
    BatchOptions,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.dns_hook import DnsHook
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.issuance import Ways
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    AccountKey,
    make_key,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.network import Network
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.renewal import Policy
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.responder import Responder
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.trust import Trust
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.webroot import Webroot
from unit.plugins.module_utils.acme.authority import BASE, DIRECTORY, Authority
from unit.plugins.module_utils.acme.issuing import NOW

_KEY = AccountKey(make_key("P-256"))


@pytest.fixture
def authority() -> Authority:
    """A CA that issues for every name."""
    return Authority()


@pytest.fixture
def slept() -> list[float]:
    """What the code waited for, without waiting."""
    return []


@pytest.fixture
def new_network(authority: Authority, slept: list[float]) -> Callable[[], Network]:
    """Make connections without an account."""

    def make() -> Network:
        network = Network(DIRECTORY, trust=Trust(), timeout=5, connections=4, sleep=slept.append)
        network.session.mount(BASE, authority)
        return network

    return make


@pytest.fixture
def network(new_network: Callable[[], Network], authority: Authority) -> Network:
    """A connection with an account."""
    network = new_network()
    network.account_key = _KEY
    network.account_url = f"{BASE}/account/1"
    authority.accounts["the key of the test"] = network.account_url
    return network


@pytest.fixture
def store(tmp_path: Path) -> CertificateStore:
    """An empty store."""
    return CertificateStore(tmp_path)


@pytest.fixture
def new_batch(
    tmp_path: Path, store: CertificateStore, new_network: Callable[[], Network]
) -> Callable[..., Batch]:
    """Make batches that all use one storage and one CA."""

    def make(
        terms_agreed: bool = True,
        now: datetime = NOW,
        probe: Any = None,
        hook: DnsHook | None = None,
        **changed: Any,
    ) -> Batch:
        policy: dict[str, Any] = {"directory": DIRECTORY, "retry": True}
        options: dict[str, Any] = {"concurrency": 4, "order_timeout": 20.0, "check_mode": False}
        for name, value in changed.items():
            (policy if name in Policy.__dataclass_fields__ else options)[name] = value
        account = Account(tmp_path, DIRECTORY, AccountOptions(None, terms_agreed, "P-256"))
        responders: dict[str, Responder] = {"webroot": Webroot(tmp_path)}
        if hook:
            responders["dns"] = hook
        return Batch(
            BatchOptions(policy=Policy(**policy), **options),
            account,
            store,
            new_network(),
            Ways(responders, {"webroot": probe} if probe else {}),
            now=lambda: now,
        )

    return make
