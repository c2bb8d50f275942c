# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bed with the portals of the example inventory, and a real browser that trusts its CA."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed import Bed
from bed.command import run
from demo import example
from demo.example import Tenant
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",  # it refuses to run as root with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Everything that a page asks for is this machine: nothing goes outside.
    "--host-resolver-rules=MAP * 127.0.0.1",
]
TIMEOUT = 30_000


@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """A running bed with the mail domains of the example inventory."""
    with Bed(f"browser-{os.getpid()}") as running:
        example.seed(running)
        yield running


@pytest.fixture(scope="session")
def tenants(bed: Bed) -> list[Tenant]:
    """Two tenants with different colours and logos, provisioned by the playbook."""
    chosen = [tenant for tenant in example.tenants() if tenant.logo is not None][:2]
    done = bed.ansible.run_playbook(
        example.PLAYBOOKS / "provision.yml",
        inventory=example.INVENTORY,
        extra_vars={
            **example.variables(bed),
            "virtualhosts_only": [tenant.hostname for tenant in chosen],
        },
    )
    assert done.rc == 0, done.stdout
    return chosen


@pytest.fixture(scope="session")
def browser_home(bed: Bed) -> Path:
    """A home folder in which the browser finds the ACME CA among the trusted ones."""
    home = bed.directory / "browser"
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    location = f"sql:{database}"
    run(["certutil", "-d", location, "-N", "--empty-password"], purpose="making a key database")
    run(
        [
            *("certutil", "-d", location, "-A", "-n", "The bed's ACME CA", "-t", "C,,"),
            *("-i", bed.issuer_file()),
        ],
        purpose="trusting the ACME CA",
    )
    return home


@pytest.fixture
def browser(browser_home: Path, tmp_path: Path) -> Iterator[BrowserContext]:
    """Headless Chromium without cookies or cache."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=CHROMIUM,
            headless=True,
            args=FLAGS,
            env={**os.environ, "HOME": str(browser_home)},
            viewport={"width": 1280, "height": 800},
        )
        context.set_default_timeout(TIMEOUT)
        expect.set_options(timeout=TIMEOUT)
        try:
            yield context
        finally:
            context.close()


@pytest.fixture
def page(browser: BrowserContext) -> Page:
    """The page of a browser."""
    return browser.pages[0]


@pytest.fixture(scope="session")
def screenshots(bed: Bed) -> Path:
    """Where they are kept, for a look after the run."""
    folder = bed.directory / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
