# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Many virtual hosts at once."""

from __future__ import annotations

import base64
import hashlib
import io
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError
from modoboa.admin.models import Domain
from oauth2_provider.models import get_application_model
from people import A, B, virtual_host
from rest_framework.exceptions import ParseError
from test_logos import files

from modoboa_virtualhosts import bulk, hosts, links
from modoboa_virtualhosts.api.parsers import BoundedJSONParser
from modoboa_virtualhosts.models import VirtualHost

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

URL = "/api/v2/virtualhosts/bulk/"
UNTIL = "2027-01-31T12:00:00Z"
NEW = {
    "name": "mail.new.test",
    "domains": ["new.test"],
    "theme": {"theme_primary_color": "#1565C0"},
    "status": "ready",
    "certificate_valid_until": UNTIL,
}


@pytest.fixture(autouse=True)
def _no_limit(settings: Any) -> None:
    settings.MODOBOA_VIRTUALHOSTS_BULK_THROTTLE = None


class Bulk:
    """Sends items, and returns what became of them."""

    def __init__(self, api: APIClient) -> None:
        self.api = api

    def __call__(self, *items: Any) -> list[tuple[bool, bool, str | None]]:
        response = self.api.post(URL, {"virtualhosts": list(items)}, format="json")
        assert response.status_code == 200, response.json()
        results = response.json()["results"]
        for item, result in zip(items, results, strict=True):
            name = item.get("name") if isinstance(item, dict) else None
            assert result["name"] == (name if isinstance(name, str) else None)
            found = VirtualHost.objects.filter(name=result["name"]).first()
            if not result["error"]:
                assert found
                assert result["pk"] == found.pk
        return [(result["created"], result["changed"], result["error"]) for result in results]


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 %d"/></svg>'
ACTIVE = base64_of(b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')
CREATED, CHANGED, SAME = (True, True, None), (False, True, None), (False, False, None)


@pytest.fixture
def send(api: APIClient, people: People) -> Bulk:
    people.domain("new.test")
    people.domain("other.test")
    return Bulk(api)


def domains_of(name: str) -> list[str]:
    return sorted(domain.name for domain in virtual_host(name).domains.all())


def test_create_link_theme_and_report(send: Bulk, api: APIClient) -> None:
    assert send(NEW) == [CREATED]
    shown = api.get("/api/v2/virtualhosts/?name=mail.new.test").json()["results"][0]
    assert [domain["name"] for domain in shown["domains"]] == ["new.test"]
    assert shown["provisioning_status"] == "ready"
    assert shown["certificate_valid_until"] == UNTIL
    assert shown["creation"] is not None
    theme = api.get(f"/api/v2/virtualhosts/{shown['pk']}/theme/").json()
    assert theme["theme_primary_color"] == "#1565c0"
    application = get_application_model().objects.get(name="modoboa_frontend")
    assert "https://mail.new.test/login/logged" in application.redirect_uris.split()
    assert "https://mail.new.test" in application.post_logout_redirect_uris.split()


def test_again_is_silent(send: Bulk, django_assert_max_num_queries: Any) -> None:
    more = {"name": A, "enabled": False, "theme": {"theme_label_color": "#000000"}}
    assert send(NEW, more) == [CREATED, CHANGED]
    assert send(NEW, more) == [SAME, SAME]


def test_it_is_served_at_once(send: Bulk, people: People) -> None:
    client = people.client(None, "mail.new.test")
    assert client.get("/accounts/login/").status_code == 400
    send(NEW)
    assert "#1565c0" in client.get("/accounts/login/").content.decode()
    send({"name": "mail.new.test", "theme": {"theme_primary_color": "#020304"}})
    assert "#020304" in client.get("/accounts/login/").content.decode()
    found = hosts.find("mail.new.test")
    assert found
    assert found.enabled
    send({"name": "mail.new.test", "enabled": False})
    found = hosts.find("mail.new.test")
    assert found
    assert not found.enabled


def test_what_is_left_out_stays(send: Bulk) -> None:
    send(NEW)
    assert send({"name": "mail.new.test"}) == [SAME]
    assert send({"name": "mail.new.test", "domains": [], "theme": {}}) == [SAME]
    assert send({"name": "mail.new.test", "domains": ["OTHER.test"]}) == [CHANGED]
    assert domains_of("mail.new.test") == ["new.test", "other.test"]
    found = virtual_host("mail.new.test")
    assert found.theme_primary_color == "#1565c0"
    assert found.provisioning_status == "ready"


def test_logos(send: Bulk, people: People, django_capture_on_commit_callbacks: Any) -> None:
    first, second = SVG % 1, SVG % 2
    logos: dict[str, str | None] = {"login": base64_of(first), "favicon": base64_of(second)}
    with django_capture_on_commit_callbacks(execute=True):
        assert send(NEW | {"logos": logos}, {"name": A, "logos": logos}) == [CREATED, CHANGED]
    assert send(NEW | {"logos": logos}, {"name": A, "logos": logos}) == [SAME, SAME]
    assert len(files()) == 4
    theme = send.api.get(f"/api/v2/virtualhosts/{people.host_a.pk}/theme/").json()
    assert theme["logo_digests"] == {
        "login": hashlib.sha256(first).hexdigest(),
        "menu": None,
        "creation_form": None,
        "favicon": hashlib.sha256(second).hexdigest(),
    }
    # What is left out stays, and the file of what is replaced goes
    logos = {"login": base64_of(SVG % 3), "favicon": None}
    with django_capture_on_commit_callbacks(execute=True):
        assert send({"name": A, "logos": logos}, {"name": A}) == [
            CHANGED,
            (False, False, "The same virtual host is named twice."),
        ]
        assert send({"name": A, "logos": {}}, {"name": B, "logos": {"menu": None}}) == [SAME, SAME]
    assert len(files()) == 3
    found = virtual_host(A)
    assert str(found.login_logo.name).endswith(f"{hashlib.sha256(SVG % 3).hexdigest()}.svg")
    assert not found.favicon_logo


def test_too_large(api: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert api.post(URL, {"virtualhosts": [{"name": "n" * 1000}]}, format="json").status_code == 400
    assert api.post(URL, {"virtualhosts": []}, format="json").status_code == 200


def test_too_large_for_the_parser(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    assert BoundedJSONParser().parse(io.BytesIO(b'{"a": [1]}')) == {"a": [1]}
    with pytest.raises(ParseError, match="larger than 10 bytes"):
        BoundedJSONParser().parse(io.BytesIO(b'{"a": [10]}'))
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    assert BoundedJSONParser().parse(io.BytesIO(b'{"a": [10]}')) == {"a": [10]}


def test_domains_move(send: Bulk) -> None:
    assert send({"name": A, "domains": ["b.test"]}, {"name": B, "domains": ["a.test"]}) == [
        CHANGED,
        CHANGED,
    ]
    assert (domains_of(A), domains_of(B)) == (["b.test"], ["a.test"])
    assert send({"name": A, "domains": ["b.test", "a.test", "b.test"]}) == [CHANGED]
    assert (domains_of(A), domains_of(B)) == (["a.test", "b.test"], [])


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"name": "Mail.New.test", "domains": ["new.test"]}, "only lowercase is allowed"),
        ({"name": "localhost", "domains": ["new.test"]}, "no domain"),
        ({"name": "modoboa.test", "domains": ["new.test"]}, "of this Modoboa instance itself"),
        ({"name": "mail.new.test", "domains": ["unknown.test"]}, "no domain 'unknown.test'"),
        ({"name": "mail.new.test"}, "name a domain to make it"),
        ({"name": A, "domains": ["new.test", "unknown.test"]}, "no domain 'unknown.test'"),
        ({"name": A, "theme": {"theme_primary_color": "red"}}, "theme: theme_primary_color: 'red'"),
        ({"name": A, "theme": "blue"}, "theme: "),
        ({"name": A, "logos": {"login": "no base64"}}, "logos: login: Write the file in base64"),
        ({"name": A, "logos": {"login": 7}}, "logos: login: Write the file in base64"),
        ({"name": A, "logos": {"menu": "QQ=="}}, "logos: menu: This is no image"),
        ({"name": A, "logos": {"favicon": ACTIVE}}, "logos: favicon: The SVG has an element <scr"),
        ({"name": A, "logos": "blue"}, "logos: "),
        ({"name": A, "domains": "new.test"}, "domains: "),
        ({"name": A, "domains": [["new.test"]]}, "domains: 0: "),
        ({"name": A, "enabled": "perhaps"}, "enabled: "),
        ({"name": A, "status": "failed"}, "Say why it failed"),
        ({"name": A, "error": "but"}, "Only a failure"),
        ({"name": ["no name"]}, "name: "),
        ({}, "name: "),
        ("nonsense", "non_field_errors: "),
        (None, "non_field_errors: "),
        ([], "non_field_errors: "),
    ],
)
def test_what_cannot_be_done_stops_no_other(send: Bulk, item: Any, reason: str) -> None:
    before = list(VirtualHost.objects.order_by("pk").values())
    first, bad, last = send({"name": B, "enabled": False}, item, NEW | {"name": "mail.last.test"})
    assert (first, last) == (CHANGED, CREATED)
    assert bad[:2] == (False, False)
    assert bad[2]
    assert reason in bad[2]
    after = list(VirtualHost.objects.order_by("pk").values())
    assert after[0] == before[0]
    assert domains_of(A) == ["a.test"]
    assert len(after) == len(before) + 1


def test_twice_in_one_request(send: Bulk) -> None:
    results = send(
        NEW,
        NEW | {"domains": ["other.test"]},
        {"name": "mail.thief.test", "domains": ["new.test"]},
    )
    assert results[0] == CREATED
    assert "named twice" in (results[1][2] or "")
    assert "also to be on 'mail.new.test'" in (results[2][2] or "")
    assert domains_of("mail.new.test") == ["new.test"]


@pytest.mark.parametrize(
    "body",
    [{}, [], "x", {"virtualhosts": {}}, {"virtualhosts": [None] * 2001}],
)
def test_no_list(api: APIClient, body: Any) -> None:
    assert api.post(URL, body, format="json").status_code == 400


def test_nothing_to_do(send: Bulk) -> None:
    assert send() == []


def test_another_request_makes_the_same_meanwhile(
    send: Bulk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = bulk._Change.make, []

    def late(change: bulk._Change) -> list[bulk.Outcome]:
        tries.append(change)
        if len(tries) == 1:
            raise IntegrityError
        return real(change)

    monkeypatch.setattr(bulk._Change, "make", late)
    assert send(NEW) == [CREATED]
    assert len(tries) == 2


def test_a_thousand(send: Bulk, people: People, django_assert_max_num_queries: Any) -> None:
    """Created, linked, themed and reported; the second time nothing is written."""
    Domain.objects.bulk_create(
        Domain(name=f"t{number}.test", default_mailbox_quota=0) for number in range(1000)
    )
    items: list[dict[str, Any]] = [
        {
            "name": f"mail.t{number}.test",
            "domains": [f"t{number}.test"],
            "theme": {
                "theme_primary_color": f"#{number:06x}",
                "theme_primary_color_light": "#3688f9",
                "theme_primary_color_dark": "#0350ba",
                "theme_secondary_color": "#f18429",
                "theme_label_color": "#616161",
            },
            "status": "ready",
            "certificate_valid_until": UNTIL,
        }
        for number in range(1000)
    ]
    start = time.monotonic()
    with django_assert_max_num_queries(100):
        assert send.api.post(URL, {"virtualhosts": items}, format="json").status_code == 200
    assert time.monotonic() - start < 10
    assert links.hostname_of(Domain.objects.get(name="t999.test")) == "mail.t999.test"
    assert VirtualHost.objects.filter(provisioning_status="ready").count() == 1000
    for item in items:
        item["theme"] = {"theme_primary_color": "#abcdef"}
        item["enabled"] = False
    with django_assert_max_num_queries(100):
        response = send.api.post(URL, {"virtualhosts": items}, format="json")
    assert all(result["changed"] for result in response.json()["results"])
    with django_assert_max_num_queries(20):
        response = send.api.post(URL, {"virtualhosts": items}, format="json")
    assert not any(result["changed"] for result in response.json()["results"])


def test_limit_of_its_own(api: APIClient, people: People, settings: Any) -> None:
    from django.core.cache import cache

    cache.delete(f"throttle_virtualhosts_bulk_{people.admin.pk}")
    settings.MODOBOA_VIRTUALHOSTS_BULK_THROTTLE = "2/minute"
    answers = [api.post(URL, {"virtualhosts": []}, format="json") for _number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert api.get("/api/v2/virtualhosts/").status_code == 200
