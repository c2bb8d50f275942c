# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""ALLOWED_HOSTS follows the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from deployed import PRIMARY
from django.conf import settings
from django.core.management import call_command
from django.http.request import validate_host
from people import A

from modoboa_virtualhosts import allowed_hosts, links

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db


def status(people: People, host: str) -> int:
    return people.client(None, host).get("/accounts/login/").status_code


def test_known_and_unknown_hosts(people: People) -> None:
    assert status(people, PRIMARY) == 200
    assert status(people, A) == 200
    assert status(people, f"{A}.:8443") == 200
    assert status(people, "unknown.test") == 400
    assert status(people, f"sub.{A}") == 400


def test_created_and_deleted_without_a_restart(people: People) -> None:
    assert status(people, "new.test") == 400
    host = links.assign(people.domain_a, "new.test")
    assert status(people, "new.test") == 200
    assert host is not None
    host.delete()
    assert status(people, "new.test") == 400


def test_a_disabled_host_still_answers(people: People) -> None:
    """Its super administrators may log in; whether it can be reached is the web server's matter."""
    people.client(people.admin).post(
        f"/api/v2/virtualhosts/{people.host_a.pk}/set_state/", {"enabled": False}
    )
    assert status(people, A) == 200


def test_wildcards_in_the_settings_stay(people: People, settings: Any) -> None:
    settings.ALLOWED_HOSTS = [".wild.test"]
    allowed_hosts.install()
    allowed_hosts.install()
    assert len(settings.ALLOWED_HOSTS) == 2
    assert status(people, "x.wild.test") == 200
    assert status(people, A) == 200


def test_debug_without_allowed_hosts(settings: Any) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, []
    allowed_hosts.install()
    for host in ("localhost", "x.localhost", "127.0.0.1", "[::1]"):
        assert validate_host(host, settings.ALLOWED_HOSTS)


@pytest.mark.usefixtures("people")
def test_the_entry_compares_like_a_hostname() -> None:
    (entry,) = (host for host in settings.ALLOWED_HOSTS if host.__class__ is not str)
    assert entry == A
    assert entry != "*"
    assert entry != "unknown.test"
    number: object = 1
    assert entry != number
    assert f"https://{entry}" == f"https://{PRIMARY}"


@pytest.mark.usefixtures("people")
def test_load_initial_data_understands_the_entry(tmp_path: Any, settings: Any) -> None:
    settings.BASE_DIR = str(tmp_path)
    call_command("load_initial_data")
    config = (tmp_path / "frontend" / "config.json").read_text()
    assert f'"API_BASE_URL": "https://{PRIMARY}/api/v2"' in config
