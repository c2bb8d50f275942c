# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The tables come and go."""

from __future__ import annotations

import pytest
from deployed import PRIMARY
from django.core.management import call_command
from django.db import connection
from django.test import Client
from modoboa.admin.models import Domain

from modoboa_virtualhosts import links, memory

TABLES = {
    f"modoboa_virtualhosts_{name}"
    for name in ("virtualhost", "virtualhostdomain", "license", "parameters")
}


def tables() -> set[str]:
    return TABLES & set(connection.introspection.table_names())


def login_page(host: str) -> int:
    return Client(headers={"host": host}).get("/accounts/login/", secure=True).status_code


@pytest.mark.django_db
def test_the_models_have_no_changes_without_a_migration() -> None:
    call_command("makemigrations", "modoboa_virtualhosts", "--check", "--dry-run")


# The one test that commits: it empties the database, so it runs after all others
@pytest.mark.django_db(transaction=True)
def test_backwards_and_forwards() -> None:
    domain = Domain.objects.get(name="a.test")
    assert login_page("mail.a.test") == 200

    call_command("migrate", "modoboa_virtualhosts", "zero", verbosity=0)
    assert tables() == set()
    assert Domain.objects.filter(name="a.test").exists()
    memory.announce()
    # An instance that was not migrated yet serves its own hostname
    assert login_page(PRIMARY) == 200
    assert login_page("mail.a.test") == 400

    call_command("migrate", "modoboa_virtualhosts", verbosity=0)
    assert tables() == TABLES
    links.assign(domain, "mail.a.test")
    assert login_page("mail.a.test") == 200
