# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The global ACME and nginx settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modoboa_virtualhosts import parameters
from modoboa_virtualhosts.models import Parameters

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

URL = "/api/v2/parameters/virtualhosts/"
DEFAULTS = {
    "acme_storage": "/var/lib/modoboa-virtualhosts",
    "acme_directory_url": "https://acme-v02.api.letsencrypt.org/directory",
    "acme_contact": [],
    "acme_renewal_threshold": 30,
    "nginx_configuration_directory": "/etc/nginx/sites-available",
    "nginx_enabled_sites_directory": "/etc/nginx/sites-enabled",
    "nginx_upstream": "unix:/run/uwsgi/app/modoboa_instance/socket",
}
OTHERS = {
    "acme_storage": "/srv/acme",
    "acme_directory_url": "https://ca.example:14000/dir",
    "acme_contact": ["hostmaster@example.com"],
    "acme_renewal_threshold": 20,
    "nginx_configuration_directory": "/etc/nginx/conf.d",
    "nginx_enabled_sites_directory": "",
    "nginx_upstream": "127.0.0.1:8000",
}


def put(api: APIClient, **changes: Any) -> Any:
    return api.put(URL, changes, format="json")


def test_defaults(api: APIClient) -> None:
    assert api.get(URL).json() == DEFAULTS


def test_put_is_partial(api: APIClient) -> None:
    expected = dict(DEFAULTS)
    for name, value in OTHERS.items():
        response = put(api, **{name: value})
        assert response.status_code == 200, response.json()
        expected[name] = value
        assert response.json() == expected == api.get(URL).json()
    assert put(api).json() == OTHERS
    assert put(api, **DEFAULTS).json() == DEFAULTS


def test_a_change_writes_nothing_else(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    put(api, acme_renewal_threshold=20)
    stale = parameters.load()
    put(api, acme_storage="/srv/acme")
    monkeypatch.setattr(Parameters.objects, "get_or_create", lambda **_kwargs: (stale, False))
    shown = put(api, acme_renewal_threshold=10).json()
    assert (shown["acme_renewal_threshold"], shown["acme_storage"]) == (10, "/srv/acme")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, value)
            for name in (
                *("acme_storage", "nginx_configuration_directory"),
                "nginx_enabled_sites_directory",
            )
            for value in (
                *("relative", "/a/../b", "/a/./b", "/a b", "/a;", "/a\nb", "/", "/a/", "//a"),
                *("/" + 255 * "a", "/é", "/a{b}", None, ["/a"]),
            )
        ),
        ("acme_storage", ""),
        *(
            ("acme_directory_url", value)
            for value in (
                *("", "http://ca.example/dir", "https://", "ca.example", "https://u:p@ca.example/"),
                *("https://ca.example:port/", "https://ca.example/a b", "https://[", None),
            )
        ),
        *(("acme_contact", value) for value in ("a@example.com", ["nobody"], ["a@b.example"] * 11)),
        *(("acme_renewal_threshold", value) for value in (0, -1, 366, "soon", None, 1.5)),
        *(
            ("nginx_upstream", value)
            for value in (
                "",
                "unix:",
                "unix:socket",
                "host",
                "host:0",
                "host:65536",
                "h:1;",
                "a b:1",
            )
        ),
    ],
)
def test_refused(api: APIClient, name: str, value: Any) -> None:
    response = put(api, **{"acme_renewal_threshold": 11, name: value})
    assert response.status_code == 400, (name, value)
    assert response.json().keys() == {name}
    assert api.get(URL).json() == DEFAULTS


@pytest.mark.parametrize(
    "upstream",
    ["unix:/run/modoboa.sock", "app.internal:8000", "[::1]:8000", "127.0.0.1:65535"],
)
def test_upstreams(api: APIClient, upstream: str) -> None:
    assert put(api, nginx_upstream=upstream).json()["nginx_upstream"] == upstream


def test_the_directory_of_settings_py_goes_first(api: APIClient, settings: Any) -> None:
    put(api, acme_directory_url="https://ca.example/dir")
    settings.ACME_DIRECTORY_URL = "https://fixed.example/dir"
    assert api.get(URL).json()["acme_directory_url"] == "https://fixed.example/dir"
    response = put(api, acme_directory_url="https://ca.example/dir")
    assert response.status_code == 400
    assert (
        "settings.py says 'https://fixed.example/dir'" in response.json()["acme_directory_url"][0]
    )
    # Putting back what was shown is no change
    assert put(api, **api.get(URL).json()).status_code == 200


def test_super_administrators_only(people: People) -> None:
    for method in ("get", "put"):
        assert getattr(people.client(None), method)(URL).status_code == 401
        for who in (people.reseller, people.boss_a, people.user_a):
            assert getattr(people.client(who), method)(URL).status_code == 403


def test_no_other_way_to_them(api: APIClient) -> None:
    """Modoboa's registry would show them to domain administrators."""
    listed = api.get("/api/v2/parameters/global/applications/").json()
    assert "virtualhosts" not in {application["name"] for application in listed}
    assert api.get("/api/v2/parameters/global/virtualhosts/").status_code == 404
    assert api.post(URL).status_code == 405
    assert api.delete(URL).status_code == 405
