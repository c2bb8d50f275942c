# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The field ``virtualhost`` of the domain API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.signals import request_finished, request_started
from modoboa.admin.models import Domain
from people import A, B

from modoboa_virtualhosts import domain_field, links
from modoboa_virtualhosts.models import VirtualHost

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

URL = "/api/v2/domains/"
NEW = {"name": "new.test", "quota": "1GB", "default_mailbox_quota": "10"}


def url(domain: Domain) -> str:
    return f"{URL}{domain.pk}/"


def patch(api: APIClient, domain: Domain, value: Any) -> Any:
    return api.patch(url(domain), {"virtualhost": value}, format="json")


def test_clients_find_the_field_by_its_label(api: APIClient) -> None:
    fields = api.options(URL).json()["actions"]["POST"]
    found = [name for name, field in fields.items() if field["label"] == "Virtual host"]
    assert found == ["virtualhost"]
    assert not fields["virtualhost"]["read_only"]
    assert not fields["virtualhost"]["required"]


def test_create_with_a_hostname(api: APIClient) -> None:
    response = api.post(URL, NEW | {"virtualhost": "new.host.test"}, format="json")
    assert response.status_code == 201
    assert response.json()["virtualhost"] == "new.host.test"
    host = VirtualHost.objects.get(name="new.host.test")
    assert host.provisioning_status == "pending"
    assert host.enabled
    assert [domain.name for domain in host.domains.all()] == ["new.test"]


def test_create_with_an_administrator_and_a_hostname(api: APIClient) -> None:
    admin = {"username": "boss", "password": "Toto1234", "with_mailbox": True}
    response = api.post(
        URL, NEW | {"virtualhost": "new.host.test", "domain_admin": admin}, format="json"
    )
    assert response.status_code == 201
    assert response.json()["virtualhost"] == "new.host.test"


@pytest.mark.parametrize("nothing", [{}, {"virtualhost": ""}, {"virtualhost": None}])
def test_create_without_a_hostname(api: APIClient, nothing: dict[str, Any]) -> None:
    response = api.post(URL, NEW | nothing, format="json")
    assert response.status_code == 201
    assert response.json()["virtualhost"] == ""


def test_several_domains_on_one_host(api: APIClient, people: People) -> None:
    assert patch(api, people.domain_b, A).json()["virtualhost"] == A
    assert {domain.name for domain in people.host_a.domains.all()} == {"a.test", "b.test"}


def test_moving_leaves_the_old_host_without_the_domain(api: APIClient, people: People) -> None:
    patch(api, people.domain_a, B)
    assert list(people.host_a.domains.all()) == []
    assert VirtualHost.objects.filter(name=A).exists()


@pytest.mark.parametrize("blank", ["", None])
def test_unlinking(api: APIClient, people: People, blank: str | None) -> None:
    response = patch(api, people.domain_a, blank)
    assert response.status_code == 200
    assert response.json()["virtualhost"] == ""
    assert links.hostname_of(people.domain_a) == ""


def test_what_is_left_out_stays(api: APIClient, people: People) -> None:
    response = api.patch(url(people.domain_a), {"quota": "2GB"}, format="json")
    assert response.status_code == 200
    assert response.json()["virtualhost"] == A


def test_putting_back_what_was_shown(api: APIClient, people: People) -> None:
    shown = api.get(url(people.domain_a)).json()
    shown.pop("transport")
    response = api.put(url(people.domain_a), shown, format="json")
    assert response.status_code == 200
    assert response.json()["virtualhost"] == A


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("Mail.A.test", "only lowercase is allowed: write 'mail.a.test'"),
        ("localhost", "no domain"),
        ("no name", "malformed"),
        ("modoboa.test", "hostname of this Modoboa instance itself"),
        ({"a": 1}, "valid string"),
    ],
)
def test_refused_hostnames(api: APIClient, people: People, value: Any, reason: str) -> None:
    before = VirtualHost.objects.count()
    response = patch(api, people.domain_a, value)
    assert response.status_code == 400
    assert reason in response.json()["virtualhost"][0]
    response = api.post(URL, NEW | {"virtualhost": value}, format="json")
    assert response.status_code == 400
    assert response.json().keys() == {"virtualhost"}
    assert links.hostname_of(people.domain_a) == A
    assert VirtualHost.objects.count() == before


@pytest.mark.parametrize("value", ["new.host.test", B, "", None])
@pytest.mark.parametrize("who", ["boss_a", "reseller"])
def test_only_super_administrators_assign(people: People, who: str, value: str | None) -> None:
    user = getattr(people, who)
    people.domain_a.add_admin(user)
    response = patch(people.client(user), people.domain_a, value)
    assert response.status_code == 403
    assert links.hostname_of(people.domain_a) == A
    assert not VirtualHost.objects.filter(name="new.host.test").exists()


def test_resellers_create_domains_without_a_hostname_only(people: People) -> None:
    reseller = people.client(people.reseller)
    response = reseller.post(URL, NEW | {"virtualhost": "new.host.test"}, format="json")
    assert response.status_code == 403
    assert not Domain.objects.filter(name="new.test").exists()
    response = reseller.post(URL, NEW | {"virtualhost": ""}, format="json")
    assert response.status_code == 201, response.json()
    assert response.json()["virtualhost"] == ""


@pytest.mark.parametrize("who", ["boss_a", "reseller"])
def test_others_edit_their_domains_as_ever(people: People, who: str) -> None:
    """The forms of the frontend send back everything they were shown."""
    user = getattr(people, who)
    people.domain_a.add_admin(user)
    client = people.client(user)
    shown = client.get(url(people.domain_a)).json()
    assert shown["virtualhost"] == A
    shown.pop("transport")
    response = client.put(
        url(people.domain_a), shown | {"default_mailbox_quota": "7"}, format="json"
    )
    # Whether the role may change domains at all is Modoboa's decision
    expected = 200 if user.has_perm("admin.change_domain") else 403
    assert response.status_code == expected
    assert links.hostname_of(people.domain_a) == A


@pytest.mark.parametrize("moved_to", [B, ""])
def test_a_move_meanwhile_is_not_undone(
    people: People, monkeypatch: pytest.MonkeyPatch, moved_to: str
) -> None:
    """The hostname was right when it was looked at, and is not when it is written."""
    check = domain_field.VirtualHostField.run_validation

    def checked_in_time(field: Any, data: Any) -> Any:
        value = check(field, data)
        links.assign(people.domain_a, moved_to)
        return value

    monkeypatch.setattr(domain_field.VirtualHostField, "run_validation", checked_in_time)
    people.domain_a.add_admin(people.reseller)
    response = patch(people.client(people.reseller), people.domain_a, A)
    assert response.status_code == 200, response.json()
    assert response.json()["virtualhost"] == moved_to
    assert links.hostname_of(people.domain_a) == moved_to


def test_simple_users_see_no_domains(people: People) -> None:
    client = people.client(people.user_a)
    assert patch(client, people.domain_a, B).status_code in (403, 404)
    assert links.hostname_of(people.domain_a) == A


def test_deleting_a_domain_keeps_the_host(api: APIClient, people: People) -> None:
    response = api.post(f"{url(people.domain_a)}delete/", {"keep_folder": False}, format="json")
    assert response.status_code == 204
    assert list(people.host_a.domains.all()) == []


def test_renaming_a_domain_keeps_the_link(people: People) -> None:
    people.domain_a.name = "renamed.test"
    people.domain_a.save()
    assert links.hostname_of(people.domain_a) == A


def test_a_list_costs_no_query_for_each_domain(
    people: People, django_assert_max_num_queries: Any
) -> None:
    extra = [people.domain(f"extra{number}.test") for number in range(5)]
    links.assign(extra[0], B)
    request_finished.send(sender=None)
    request_started.send(sender=None)
    domains = [people.domain_a, people.domain_b, *extra]
    with django_assert_max_num_queries(2):
        shown = [domain_field._representation(domain=domain)["virtualhost"] for domain in domains]
    assert shown == [A, B, B, "", "", "", ""]


def test_a_list_shows_the_hostnames(api: APIClient) -> None:
    shown = {entry["name"]: entry["virtualhost"] for entry in api.get(URL).json()["results"]}
    assert shown == {"a.test": A, "b.test": B}
