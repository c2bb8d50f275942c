# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Themes: changing them, and showing them by hostname."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from deployed import PRIMARY
from django.core.files.uploadedfile import SimpleUploadedFile
from people import A, B, virtual_host

from modoboa_virtualhosts import hosts, theme
from modoboa_virtualhosts.models import VirtualHost

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

BLANK = dict.fromkeys(
    (*theme.COLORS, *theme.TEXTS, *(theme.logo_parameter(kind) for kind in theme.LOGO_TYPES)), ""
) | {"logo_digests": dict.fromkeys(("login", "menu", "creation_form", "favicon"))}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def url(people: People) -> str:
    return f"/api/v2/virtualhosts/{people.host_a.pk}/theme/"


def shown(people: People, host: str) -> Any:
    response = people.client(people.admin, host).get("/api/v2/theme/")
    assert response.status_code == 200
    return response.json()


def login_page(people: People, host: str) -> str:
    response = people.client(None, host).get("/accounts/login/")
    assert response.status_code == 200
    return str(response.content.decode())


def test_blank_at_first(api: APIClient, people: People) -> None:
    assert api.get(url(people)).json() == BLANK
    assert shown(people, A) == shown(people, PRIMARY)


def test_list_shows_themes_when_asked(
    api: APIClient, people: People, django_assert_max_num_queries: Any
) -> None:
    logo = {"logo_type": "login", "image": SimpleUploadedFile("logo.svg", SVG)}
    assert api.post(f"/api/v2/virtualhosts/{people.host_a.pk}/theme_logo/", logo).status_code == 200
    change = {"theme_primary_color": "#1565c0", "theme_page_title": "Atlas"}
    assert api.put(url(people), change, format="json").status_code == 200
    VirtualHost.objects.bulk_create(VirtualHost(name=f"h{number}.test") for number in range(50))
    listed = {}
    for wanted in ("false", "true"):
        with django_assert_max_num_queries(10):
            query = {"page_size": 100, "theme": wanted}
            listed[wanted] = api.get("/api/v2/virtualhosts/", query).json()["results"]
    assert all("theme" not in host for host in listed["false"])
    themes = {host["name"]: host.pop("theme") for host in listed["true"]}
    assert listed["true"] == listed["false"]
    assert themes[A] == api.get(url(people)).json()
    assert themes[A]["logo_digests"]["login"] == hashlib.sha256(SVG).hexdigest()
    assert themes["h0.test"] == BLANK


def test_list_refuses_what_is_no_yes_and_no_no(api: APIClient) -> None:
    response = api.get("/api/v2/virtualhosts/?theme=perhaps")
    assert (response.status_code, response.json()) == (400, {"theme": ["Write true or false."]})


def test_put_is_partial(api: APIClient, people: People) -> None:
    response = api.put(url(people), {"theme_primary_color": "#1565C0"}, format="json")
    assert response.status_code == 200
    assert response.json() == BLANK | {"theme_primary_color": "#1565c0"}
    response = api.put(url(people), {"theme_label_color": "#000000"}, format="json")
    expected = BLANK | {"theme_primary_color": "#1565c0", "theme_label_color": "#000000"}
    assert response.json() == expected
    assert api.put(url(people), {}, format="json").json() == expected
    assert api.put(url(people), api.get(url(people)).json(), format="json").json() == expected
    response = api.put(url(people), {"theme_primary_color": ""}, format="json")
    assert response.json() == BLANK | {"theme_label_color": "#000000"}


@pytest.mark.parametrize("color", ["red", "#12345", "#1234567", "123456", "#12345g", 7])
@pytest.mark.parametrize("name", theme.COLORS)
def test_no_colour(api: APIClient, people: People, name: str, color: Any) -> None:
    response = api.put(url(people), {name: color}, format="json")
    assert response.status_code == 400
    assert "is no colour" in response.json()[name][0]
    assert api.get(url(people)).json() == BLANK


def test_logo_addresses_are_read_only(api: APIClient, people: People) -> None:
    response = api.put(
        url(people), {"theme_login_logo_url": "https://elsewhere.test/x.png"}, format="json"
    )
    assert response.json() == BLANK


def test_shown_by_hostname(api: APIClient, people: People) -> None:
    colors = {name: f"#00000{number}" for number, name in enumerate(theme.COLORS)}
    api.put(url(people), colors, format="json")
    api.post(
        url(people).replace("theme", "theme_logo"),
        {"logo_type": "login", "image": SimpleUploadedFile("a.svg", SVG)},
        format="multipart",
    )
    own = shown(people, A)
    assert {name: own[name] for name in theme.COLORS} == colors
    assert own["theme_login_logo_url"].startswith("/media/virtualhosts/")
    assert own["theme_menu_logo_url"] == ""
    for host in (B, PRIMARY):
        assert shown(people, host)["theme_primary_color"] == "#046BF8"
    assert own == shown(people, f"{A}:8443") == shown(people, f"{A.upper()}.")


def test_blank_falls_back_to_the_instance(api: APIClient, people: People) -> None:
    from modoboa.core.models import LocalConfig

    config = LocalConfig.objects.get()
    config.parameters.set_value("theme_secondary_color", "#abcdef", app="core")
    config.save()
    api.put(url(people), {"theme_primary_color": "#010203"}, format="json")
    own = shown(people, A)
    assert own["theme_primary_color"] == "#010203"
    assert own["theme_secondary_color"] == "#abcdef"


def test_login_page(api: APIClient, people: People) -> None:
    api.put(url(people), {"theme_primary_color": "#010203"}, format="json")
    api.post(
        url(people).replace("theme", "theme_logo"),
        {"logo_type": "login", "image": SimpleUploadedFile("a.svg", SVG)},
        format="multipart",
    )
    page = login_page(people, A)
    assert "#010203" in page
    assert virtual_host(A).login_logo.url in page
    for host in (B, PRIMARY):
        page = login_page(people, host)
        assert "#010203" not in page
        assert "/media/virtualhosts/" not in page


def test_a_change_shows_at_once(api: APIClient, people: People) -> None:
    for color in ("#010203", "#040506"):
        api.put(url(people), {"theme_primary_color": color}, format="json")
        assert color in login_page(people, A)
    people.host_a.delete()
    assert people.client(None, A).get("/accounts/login/").status_code == 400


def test_no_query_once_known(people: People, django_assert_num_queries: Any) -> None:
    """What the extension adds to a page; Modoboa's own queries are the same on its own hostname."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    login_page(people, A)
    login_page(people, PRIMARY)
    with CaptureQueriesContext(connection) as own:
        login_page(people, PRIMARY)
    with django_assert_num_queries(len(own)):
        login_page(people, A)


def test_an_error_never_breaks_the_login_page(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(hosts, "find_for_request", fail)
    assert "#046BF8" in login_page(people, A)


def test_outside_a_request() -> None:
    from modoboa_virtualhosts.request_theme import theme_of_request

    assert theme_of_request() == {}
