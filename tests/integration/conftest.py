# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The beds that all integration tests of a run share."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from bed import Bed
from bed.acme_bed import AcmeBed
from bed.acme_server import CaOptions
from bed.acme_servers import SERVERS
from integration.acme_servers import EACH_SERVER, StartAcme
from integration.portal_site import Site
from integration.published_contract import server as published


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that run whole playbooks.

    They take longest, and a worker that came to one at the end would be left alone with it.
    """
    whole = {item.path for item in items if "site" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path not in whole)


@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """A running bed of this run's own. Tests use names of their own in it."""
    # By process, so that two runs in one checkout do not stop each other's bed
    with Bed(f"test-{os.getpid()}") as running:
        yield running


@pytest.fixture(scope="session")
def published_contract(bed: Bed) -> Iterator[published.PublishedContract]:
    """The bed's Modoboa as a server with the published contract and nothing else."""
    with published.running(bed) as server:
        yield server


@pytest.fixture
def site(bed: Bed, tmp_path: Path) -> Iterator[Site]:
    """An inventory without tenants yet."""
    made = Site(bed, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session", params=EACH_SERVER)
def acme_bed(request: pytest.FixtureRequest) -> Iterator[AcmeBed]:
    """A running CA of each kind in turn. Tests use names of their own in it."""
    server: str = request.param
    with AcmeBed(f"{server}-{os.getpid()}", server=SERVERS[server]) as running:
        yield running


@pytest.fixture
def start_acme() -> Iterator[StartAcme]:
    """Start a CA that behaves in another way: ``start_acme("pebble-sid", nonce_rejection=50)``.

    Options are those of CaOptions. It is stopped with the test.
    """
    numbers = itertools.count()
    with ExitStack() as running:

        def start(server: str, **options: Any) -> AcmeBed:
            name = f"own-{os.getpid()}-{next(numbers)}"
            wanted = CaOptions(**options)
            return running.enter_context(AcmeBed(name, server=SERVERS[server], options=wanted))

        yield start
