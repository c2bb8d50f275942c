# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Fixtures: a real Modoboa with the extension, its people and its virtual hosts."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import deployed

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

_folder = Path(tempfile.mkdtemp(prefix="modoboa-virtualhosts-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
if "MODOBOA_TEST_REDIS_URL" not in os.environ:
    raise pytest.UsageError(
        "Set MODOBOA_TEST_REDIS_URL to a Redis database, such as redis://127.0.0.1:6379/0"
    )
deployed.write(
    _folder,
    os.environ["MODOBOA_TEST_REDIS_URL"],
    os.environ.get("MODOBOA_TEST_DATABASE_URL", ""),
)
os.environ["DJANGO_SETTINGS_MODULE"] = f"{deployed.NAME}.settings"
# Before the tests are collected, which import models
django.setup()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Load what an installation loads (roles, admin, OAuth application), and let people move in."""
    from django.core.management import call_command
    from people import People

    with django_db_blocker.unblock():
        call_command("load_initial_data", "--relative-urls-in-config")
        call_command("set_default_site", deployed.PRIMARY)
        People.move_in()


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what the test before looked up, and let tests write faster than people."""
    from django.db.backends.base.base import BaseDatabaseWrapper
    from rest_framework.throttling import SimpleRateThrottle

    from modoboa_virtualhosts import memory
    from modoboa_virtualhosts.isolation import refusals

    # The end of a request would close the connection, with the test's own transaction in it
    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", lambda _self: None)
    rates = dict.fromkeys(SimpleRateThrottle.THROTTLE_RATES)
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    memory._state.forget()
    memory.announce()
    refusals._logged.clear()
    yield
    shutil.rmtree(_folder / "media", ignore_errors=True)


@pytest.fixture
def people(db: None) -> People:
    """Return two tenants' people, on virtual hosts of their own."""
    from people import People

    return People()


@pytest.fixture
def api(people: People) -> APIClient:
    """Return a client of the API that is a super administrator."""
    return people.client(people.admin)
