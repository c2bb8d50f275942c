# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Every server-rendered page wears the theme of its hostname."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from deployed import PRIMARY
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from people import A, B, virtual_host

from modoboa_virtualhosts import pages

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

COLOR = "#010203"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
# Everything that Modoboa and its OAuth toolkit show to somebody who is not logged in
PAGES = (
    ("/accounts/login/", 200),
    ("/accounts/password_reset/", 200),
    ("/accounts/password_reset/done/", 200),
    ("/reset/done/", 200),
    ("/reset/MQ/wrong-token/", 200),
    ("/nowhere/", 404),
    ("/api/o/authorize/?client_id=wrong&response_type=code", 302),
)


def page(host: str, path: str) -> Any:
    return Client(headers={"host": host}).get(path, secure=True)


@pytest.fixture
def themed(api: APIClient, people: People) -> str:
    """Give a host a theme; returns the address of its icon."""
    url = f"/api/v2/virtualhosts/{people.host_a.pk}/theme"
    change = {"theme_primary_color": COLOR, "theme_page_title": "Atlas & Söhne <Mail>"}
    assert api.put(f"{url}/", change, format="json").status_code == 200
    response = api.post(
        f"{url}_logo/", {"logo_type": "favicon", "image": SimpleUploadedFile("x", SVG)}
    )
    return str(response.json()["url"])


@pytest.mark.parametrize(("path", "status"), PAGES)
def test_every_page(themed: str, path: str, status: int) -> None:
    response = page(A, path)
    assert response.status_code == status
    if status == 302:
        return
    text = response.content.decode()
    assert text.count("<title>") == 1
    assert "<title>Atlas &amp; Söhne &lt;Mail&gt;</title>" in text
    assert re.findall(r'rel="icon"[^>]*', text) == [f'rel="icon" href="{themed}"']
    assert COLOR in text
    assert int(response["Content-Length"]) == len(response.content)


@pytest.mark.parametrize("host", [B, PRIMARY])
@pytest.mark.parametrize(("path", "status"), PAGES)
def test_other_hosts_wear_nothing_of_it(themed: str, host: str, path: str, status: int) -> None:
    response = page(host, path)
    assert response.status_code == status
    text = response.content.decode()
    assert "Atlas" not in text
    assert themed not in text
    assert COLOR not in text


def test_an_error_page(themed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from modoboa.core.views import PasswordResetView

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(PasswordResetView, "get", fail)
    client = Client(headers={"host": A}, raise_request_exception=False)
    response = client.get("/accounts/password_reset/", secure=True)
    assert response.status_code == 500
    assert COLOR in response.content.decode()


def test_what_is_no_page_is_left_alone(themed: str, people: People) -> None:
    response = people.client(people.admin, A).get("/api/v2/theme/")
    assert response["Content-Type"] == "application/json"
    # Modoboa's own endpoint has its own parameters only
    assert "theme_page_title" not in response.json()
    assert "theme_favicon_logo_url" not in response.json()


def test_an_error_never_breaks_a_page(themed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(pages, "dressed", fail)
    assert page(A, "/accounts/login/").status_code == 200


def test_no_query_once_warm(themed: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for host in (A, PRIMARY):
        page(host, "/nowhere/")
    counts = []
    for host in (A, PRIMARY):
        with CaptureQueriesContext(connection) as queries:
            assert page(host, "/nowhere/").status_code == 404
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no page at all", "no page at all"),
        ("<title>a</title>", "<title>T</title>"),
        ("<head><title>\na\n</title></head>", "<head><title>T</title></head>"),
        ("<title>a</title><title>b</title>", "<title>T</title><title>b</title>"),
    ],
)
def test_titles(text: str, expected: str) -> None:
    assert pages.dressed(text, {"theme_page_title": "T"}) == expected


@pytest.mark.parametrize("title", [r"\1\g<0>", "</title><script>"])
def test_a_title_is_only_text(title: str) -> None:
    text = pages.dressed("<title>a</title>", {"theme_page_title": title})
    assert text.count("<") == 2
    assert title.replace("<", "&lt;").replace(">", "&gt;") in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme_page_title", "x" * 101),
        ("theme_page_title", "a\0b"),
        ("theme_sender_address", "nobody"),
        ("theme_sender_address", "a@b.example\r\nBcc: c@d.example"),
        ("theme_sender_address", "A <a@b.example>"),
    ],
)
def test_refused(api: APIClient, people: People, name: str, value: str) -> None:
    url = f"/api/v2/virtualhosts/{people.host_a.pk}/theme/"
    response = api.put(url, {name: value}, format="json")
    assert response.status_code == 400
    assert response.json().keys() == {name}


@pytest.mark.parametrize(
    ("host", "sender"), [(A, "help@a.test"), (PRIMARY, "noreply@yourdomain.test")]
)
def test_the_sender_of_mails(people: People, host: str, sender: str) -> None:
    virtual_host(A, theme_sender_address="help@a.test")
    people.user_a.secondary_email = "user@elsewhere.test"
    people.user_a.save()
    client = Client(headers={"host": host})
    client.post("/accounts/password_reset/", {"email": people.user_a.email}, secure=True)
    (sent,) = mail.outbox
    assert sent.from_email == sender
    assert f"https://{host}/reset/" in str(sent.body)
