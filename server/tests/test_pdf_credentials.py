# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The document with somebody's credentials, as Modoboa makes it with an account."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from deployed import PRIMARY
from modoboa.core.models import LocalConfig
from modoboa.parameters import tools
from people import A, virtual_host

if TYPE_CHECKING:
    from pathlib import Path

    from people import People
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

PASSWORD = "Toto12345"
documents: Any = import_module("modoboa.pdfcredentials.documents")


@pytest.fixture
def urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses in the documents that are written."""
    configuration = LocalConfig.objects.get()
    for name, value in {
        "enabled_pdfcredentials": True,
        "generate_at_creation": False,
        "storage_dir": str(tmp_path),
        "webpanel_url": f"https://{PRIMARY}/accounts/login/?next=/user",
    }.items():
        configuration.parameters.set_value(name, value, app="pdfcredentials")
    configuration.save()
    found: list[str] = []
    table = documents.Table

    def noticed(data: Any, *args: Any, **kwargs: Any) -> Any:
        found.extend(row[1] for row in data if row[0] == "URL")
        return table(data, *args, **kwargs)

    monkeypatch.setattr(documents, "Table", noticed)
    return found


def create(api: APIClient, username: str) -> None:
    account: dict[str, Any] = {
        "username": username,
        "role": "SimpleUsers",
        "password": PASSWORD,
        "mailbox": {"use_domain_quota": True},
    }
    answer = api.post("/api/v2/accounts/", account, format="json")
    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize(("domain", "host"), [("a.test", A), ("free.test", PRIMARY), ("A.test", A)])
def test_a_new_account(
    api: APIClient, people: People, urls: list[str], tmp_path: Path, domain: str, host: str
) -> None:
    people.domain("free.test")
    create(api, f"new@{domain}")
    assert urls == [f"https://{host}/accounts/login/?next=/user"]
    assert [file.suffix for file in tmp_path.iterdir()] == [".pdf"]


def test_another_port(api: APIClient, urls: list[str], settings: Any) -> None:
    settings.MODOBOA_VIRTUALHOSTS_PORT = 8443
    create(api, "new@a.test")
    assert urls == [f"https://{A}:8443/accounts/login/?next=/user"]


def test_a_disabled_host_is_not_named(api: APIClient, urls: list[str]) -> None:
    virtual_host(A, enabled=False)
    create(api, "new@a.test")
    assert PRIMARY in urls[0]


def test_a_new_password_goes_by_the_mailbox(people: People, urls: list[str]) -> None:
    """The name of an account need not be an address."""
    people.user_a.username = "somebody"
    people.user_a.set_password(PASSWORD)
    people.reseller.set_password(PASSWORD)
    assert [A in url for url in urls] == [True, False]


def test_the_parameter_itself_stays(api: APIClient, urls: list[str]) -> None:
    create(api, "new@a.test")
    assert PRIMARY in dict(tools.get_global_parameters("pdfcredentials"))["webpanel_url"]
    assert (
        PRIMARY
        in dict(documents.param_tools.get_global_parameters("pdfcredentials"))["webpanel_url"]
    )
