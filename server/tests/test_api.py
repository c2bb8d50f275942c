# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The endpoints of virtual hosts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from people import A, B, virtual_host

from modoboa_virtualhosts import links, reports
from modoboa_virtualhosts.api.themes import VirtualHostThemeSerializer
from modoboa_virtualhosts.models import VirtualHost

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

URL = "/api/v2/virtualhosts/"
UNTIL = "2027-01-31T12:00:00Z"


def endpoints(pk: int, domain: int) -> list[tuple[str, str]]:
    return [
        ("get", URL),
        ("get", f"{URL}{pk}/"),
        ("get", f"{URL}for_domain/{domain}/"),
        ("post", f"{URL}{pk}/set_state/"),
        ("post", f"{URL}{pk}/retry_provisioning/"),
        ("get", f"{URL}{pk}/theme/"),
        ("put", f"{URL}{pk}/theme/"),
        ("post", f"{URL}{pk}/theme_logo/"),
        ("delete", f"{URL}{pk}/theme_logo/?logo_type=login"),
        ("post", f"{URL}report/"),
        ("post", f"{URL}bulk/"),
        ("delete", f"{URL}{pk}/"),
    ]


@pytest.mark.parametrize(
    ("who", "status"),
    [(None, 401), ("user_a", 403), ("boss_a", 403), ("reseller", 403)],
)
def test_super_administrators_only(people: People, who: str | None, status: int) -> None:
    client = people.client(getattr(people, who) if who else None)
    for method, url in endpoints(people.host_a.pk, people.domain_a.pk):
        assert getattr(client, method)(url).status_code == status, (method, url)
    assert VirtualHost.objects.filter(name=A).exists()


def test_virtual_hosts_are_not_created_here(api: APIClient, people: People) -> None:
    assert api.post(URL, {"name": "new.test"}).status_code == 405
    assert api.put(f"{URL}{people.host_a.pk}/", {"name": "new.test"}).status_code == 405
    assert api.patch(f"{URL}{people.host_a.pk}/", {"name": "new.test"}).status_code == 405


def test_representation(api: APIClient, people: People) -> None:
    shown = api.get(f"{URL}{people.host_a.pk}/").json()
    creation = shown.pop("creation")
    assert datetime.fromisoformat(creation.replace("Z", "+00:00")) == people.host_a.creation
    assert creation.endswith("Z")
    assert shown == {
        "pk": people.host_a.pk,
        "name": A,
        "enabled": True,
        "domains": [{"pk": people.domain_a.pk, "name": "a.test"}],
        "has_certificate": False,
        "certificate_valid_until": None,
        "provisioning_status": "pending",
        "last_provisioning_error": "",
    }
    assert api.get(f"{URL}0/").status_code == 404


def names(response: Any) -> list[str]:
    assert response.status_code == 200
    return [entry["name"] for entry in response.json()["results"]]


def test_list(api: APIClient, people: People) -> None:
    links.assign(people.domain_b, "first.test")
    page = api.get(URL).json()
    assert (page["count"], page["next"], page["previous"]) == (3, None, None)
    assert names(api.get(URL)) == ["first.test", A, B]
    assert names(api.get(f"{URL}?ordering=-name")) == [B, A, "first.test"]
    assert names(api.get(f"{URL}?ordering=creation")) == [A, B, "first.test"]
    assert names(api.get(f"{URL}?search=mail")) == [A, B]
    assert names(api.get(f"{URL}?name={B}")) == [B]
    assert names(api.get(f"{URL}?name=mail")) == []
    assert names(api.get(f"{URL}?page_size=2")) == ["first.test", A]
    assert names(api.get(f"{URL}?page_size=2&page=2")) == [B]


def test_filters(api: APIClient, people: People) -> None:
    virtual_host(A, certificate_valid_until=datetime(2027, 1, 31, 12, tzinfo=timezone.utc))
    virtual_host(B, enabled=False, provisioning_status="failed")
    for query, expected in {
        "": [A, B],
        "enabled=true": [A],
        "enabled=False": [B],
        "provisioning_status=failed": [B],
        "provisioning_status=failed&provisioning_status=pending": [A, B],
        "provisioning_status=ready": [],
        "has_certificate=true": [A],
        "has_certificate=false": [B],
        "domain=B.test": [B],
        "certificate_valid_until_before=2027-01-31T12:00:00Z": [],
        "certificate_valid_until_before=2027-01-31T13:30:00%2B01:00": [A],
        "certificate_valid_until_after=2027-01-31T12:00:00Z": [A],
        "certificate_valid_until_after=2027-01-31T12:00:01Z": [],
        "enabled=true&provisioning_status=failed": [],
    }.items():
        assert names(api.get(f"{URL}?{query}")) == expected, query


@pytest.mark.parametrize(
    "query",
    [
        "enabled=perhaps",
        "has_certificate=2",
        "provisioning_status=great",
        "certificate_valid_until_before=soon",
        "name=%00",
        "search=a%00",
    ],
)
def test_no_filter_is_silently_none(api: APIClient, query: str) -> None:
    response = api.get(f"{URL}?{query}")
    assert response.status_code == 400
    assert list(response.json()) == [query.partition("=")[0]]


def test_pages_that_are_not_there(api: APIClient) -> None:
    for page in ("0", "2", "-1", "x"):
        assert api.get(f"{URL}?page={page}").status_code == 404


@pytest.mark.parametrize("key", ["0", "x", "-1", "1.5", "9" * 40, "%C3%A9", "null"])
def test_keys_of_nothing(api: APIClient, key: str) -> None:
    for method, url in (
        ("get", f"{URL}{key}/"),
        ("delete", f"{URL}{key}/"),
        ("get", f"{URL}for_domain/{key}/"),
        ("post", f"{URL}{key}/set_state/"),
        ("post", f"{URL}{key}/retry_provisioning/"),
        ("put", f"{URL}{key}/theme/"),
        ("post", f"{URL}{key}/theme_logo/"),
    ):
        response = getattr(api, method)(url)
        assert response.status_code == 404, url
        assert response.json().keys() == {"detail"}


def test_list_costs_the_same_for_many(
    api: APIClient, people: People, django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        links.assign(people.domain(f"extra{number}.test"), f"mail.extra{number}.test")
    with django_assert_max_num_queries(10):
        assert api.get(URL).json()["count"] == 12


def test_for_domain(api: APIClient, people: People) -> None:
    shown = api.get(f"{URL}for_domain/{people.domain_b.pk}/").json()
    assert shown == api.get(f"{URL}{people.host_b.pk}/").json()
    links.assign(people.domain_b, "")
    assert api.get(f"{URL}for_domain/{people.domain_b.pk}/").status_code == 404
    assert api.get(f"{URL}for_domain/0/").status_code == 404


def test_set_state(api: APIClient, people: People) -> None:
    url = f"{URL}{people.host_a.pk}/set_state/"
    for state in (False, False, True):
        response = api.post(url, {"enabled": state}, format="json")
        assert response.status_code == 200
        assert response.json()["enabled"] is state
        assert virtual_host(A).enabled is state
    assert api.post(url, {}, format="json").json() == {"enabled": ["This field is required."]}
    assert api.post(f"{URL}0/set_state/", {"enabled": True}).status_code == 404


def test_delete(api: APIClient, people: People) -> None:
    assert api.delete(f"{URL}{people.host_a.pk}/").status_code == 204
    assert names(api.get(URL)) == [B]
    people.domain_a.refresh_from_db()
    assert links.hostname_of(people.domain_a) == ""
    assert api.delete(f"{URL}{people.host_a.pk}/").status_code == 404


def test_retry_provisioning(api: APIClient, people: People) -> None:
    url = f"{URL}{people.host_a.pk}/retry_provisioning/"
    for status in ("pending", "ready"):
        virtual_host(A, provisioning_status=status)
        response = api.post(url)
        assert response.status_code == 409
        assert status in response.json()["error"]
    virtual_host(A, provisioning_status="failed", last_provisioning_error="no luck")
    response = api.post(url)
    assert response.status_code == 200
    assert response.json()["provisioning_status"] == "pending"
    assert response.json()["last_provisioning_error"] == ""
    assert virtual_host(A).provisioning_status == "pending"


def test_limits_of_their_own(
    api: APIClient, people: People, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provisioner may write faster than Modoboa lets people, and not without end."""
    from rest_framework.settings import api_settings
    from rest_framework.throttling import SimpleRateThrottle

    rates: dict[str, Any] = dict(api_settings.DEFAULT_THROTTLE_RATES)
    assert rates["ddos"] == "5/second"
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    url = f"{URL}{people.host_a.pk}/set_state/"

    def answers() -> list[int]:
        return [api.post(url, {"enabled": True}).status_code for _number in range(20)]

    assert answers() == [200] * 20
    cache.delete(f"throttle_virtualhosts_{people.admin.pk}")
    settings.MODOBOA_VIRTUALHOSTS_THROTTLE = "5/hour"
    assert answers() == [200] * 5 + [429] * 15
    response = api.post(url, {"enabled": True})
    assert response.json().keys() == {"detail"}
    assert 0 < int(response["Retry-After"]) <= 3600
    settings.MODOBOA_VIRTUALHOSTS_THROTTLE = None
    assert answers() == [200] * 20


class Reporter:
    """Sends reports and returns what became of them."""

    def __init__(self, api: APIClient) -> None:
        self.api = api

    def __call__(self, *sent: Any) -> list[tuple[str | None, bool, str | None]]:
        response = self.api.post(f"{URL}report/", {"reports": list(sent)}, format="json")
        assert response.status_code == 200, response.json()
        return [
            (entry["name"], entry["changed"], entry["error"])
            for entry in response.json()["results"]
        ]


@pytest.fixture
def report(api: APIClient) -> Reporter:
    return Reporter(api)


def test_report(api: APIClient, people: People, report: Reporter) -> None:
    ready = {"name": A, "status": "ready", "error": "", "certificate_valid_until": UNTIL}
    failed = {"name": B, "status": "failed", "error": "does not resolve"}
    assert report(ready, failed) == [(A, True, None), (B, True, None)]
    assert report(ready, failed) == [(A, False, None), (B, False, None)]
    shown = api.get(f"{URL}{people.host_a.pk}/").json()
    assert shown["provisioning_status"] == "ready"
    assert shown["has_certificate"] is True
    assert shown["certificate_valid_until"] == UNTIL
    shown = api.get(f"{URL}{people.host_b.pk}/").json()
    assert shown["provisioning_status"] == "failed"
    assert shown["last_provisioning_error"] == "does not resolve"
    assert shown["has_certificate"] is False


def test_a_report_without_expiry_leaves_it(report: Reporter) -> None:
    report({"name": A, "status": "ready", "certificate_valid_until": UNTIL})
    assert report({"name": A, "status": "failed", "error": "later"}) == [(A, True, None)]
    until = datetime(2027, 1, 31, 12, tzinfo=timezone.utc)
    assert virtual_host(A).certificate_valid_until == until
    assert report({"name": A, "status": "pending"}) == [(A, True, None)]
    assert virtual_host(A).last_provisioning_error == ""
    assert report({"name": A, "status": "pending", "certificate_valid_until": None}) == [
        (A, True, None)
    ]
    assert virtual_host(A).certificate_valid_until is None


def test_a_report_of_the_expiry_alone_leaves_status_and_error(report: Reporter) -> None:
    report({"name": A, "status": "failed", "error": "no"})
    expiry = {"name": A, "certificate_valid_until": UNTIL}
    assert report(expiry) == [(A, True, None)]
    assert report(expiry) == [(A, False, None)]
    host = virtual_host(A)
    assert (host.provisioning_status, host.last_provisioning_error) == ("failed", "no")
    assert host.certificate_valid_until == datetime(2027, 1, 31, 12, tzinfo=timezone.utc)
    assert report({"name": A, "certificate_valid_until": None}) == [(A, True, None)]
    assert virtual_host(A).certificate_valid_until is None


def test_a_report_writes_only_what_it_changes(
    report: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = reports.record

    def while_another_request_reports(host: VirtualHost, sent: reports.Report) -> set[str]:
        virtual_host(A, provisioning_status="failed", last_provisioning_error="meanwhile")
        return record(host, sent)

    monkeypatch.setattr(reports, "record", while_another_request_reports)
    assert report({"name": A, "certificate_valid_until": UNTIL}) == [(A, True, None)]
    host = virtual_host(A)
    assert (host.provisioning_status, host.last_provisioning_error) == ("failed", "meanwhile")
    assert host.certificate_valid_until is not None


def test_a_theme_writes_only_what_it_changes() -> None:
    host = virtual_host(A)
    change = VirtualHostThemeSerializer(host, data={"theme_primary_color": "#123456"}, partial=True)
    change.is_valid(raise_exception=True)
    # Another request closes the portal meanwhile
    VirtualHost.objects.filter(pk=host.pk).update(enabled=False)
    change.save()
    host.refresh_from_db()
    assert (host.enabled, host.theme_primary_color) == (False, "#123456")


def test_the_same_moment_in_another_time_zone_is_no_change(report: Reporter) -> None:
    report({"name": A, "status": "ready", "certificate_valid_until": UNTIL})
    same = {"name": A, "status": "ready", "certificate_valid_until": "2027-01-31T14:00:00+02:00"}
    assert report(same) == [(A, False, None)]


def test_a_bad_report_stops_no_other(report: Reporter) -> None:
    results = report(
        {"name": "unknown.test", "status": "ready"},
        {"name": A},
        {"name": A, "status": "great"},
        {"status": "ready"},
        {"name": A, "status": "failed"},
        {"name": A, "status": "ready", "error": "but"},
        {"name": A, "status": "ready", "certificate_valid_until": "soon"},
        {"name": A, "error": "but", "certificate_valid_until": UNTIL},
        {"name": A, "status": None, "certificate_valid_until": UNTIL},
        {"name": ["no name"], "status": "ready"},
        "nonsense",
        None,
        {"name": B, "status": "ready"},
    )
    assert [name for name, _changed, _error in results] == [
        *("unknown.test", A, A, None, A, A, A, A, A, None, None, None, B)
    ]
    assert results.pop() == (B, True, None)
    assert not any(changed for _name, changed, _error in results)
    assert all(error for _name, _changed, error in results)
    assert results[0][2] == "There is no virtual host 'unknown.test'."
    assert results[1][2] == "status: Report a status, certificate_valid_until, or both."
    assert virtual_host(A).provisioning_status == "pending"


def test_two_reports_of_one_host_count_in_order(report: Reporter) -> None:
    assert report(
        {"name": A, "status": "ready"}, {"name": A, "status": "failed", "error": "no"}
    ) == [(A, True, None), (A, True, None)]
    assert virtual_host(A).provisioning_status == "failed"


@pytest.mark.parametrize("body", [{}, {"reports": "x"}, {"reports": {}}, [], "x"])
def test_no_reports(api: APIClient, body: Any) -> None:
    assert api.post(f"{URL}report/", body, format="json").status_code == 400


def test_bodies_that_cannot_be_read(api: APIClient, people: People) -> None:
    pk = people.host_a.pk
    for method, path in (
        ("post", "virtualhosts/report/"),
        ("post", "virtualhosts/bulk/"),
        ("post", f"virtualhosts/{pk}/set_state/"),
        ("put", f"virtualhosts/{pk}/theme/"),
        ("put", "parameters/virtualhosts/"),
    ):
        for body in (b"", b"{", b"\xff", b"[" * 100_000, b'"\\ud800"', b"NaN"):
            response = getattr(api, method)(
                f"/api/v2/{path}", body, content_type="application/json"
            )
            # An empty body is one that changes nothing
            assert response.status_code == 400 or body == b"", (path, body)
            assert response.status_code < 500


def test_many_reports(
    report: Reporter, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "_CHUNK", 70)
    VirtualHost.objects.bulk_create(VirtualHost(name=f"h{n}.test") for n in range(200))
    sent = [{"name": f"h{n}.test", "status": "ready"} for n in range(200)]
    with django_assert_max_num_queries(20):
        assert all(changed for _name, changed, _error in report(*sent))
    assert VirtualHost.objects.filter(provisioning_status="ready").count() == 200
