# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What those who are no super administrators do with domains never links, moves or unlinks one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from modoboa.admin.models import Domain
from people import A, B

from modoboa_virtualhosts import hosts, links
from modoboa_virtualhosts.isolation import entrance
from modoboa_virtualhosts.models import VirtualHost, VirtualHostDomain

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db

URL = "/api/v2/domains/"
NEW = {"name": "new.test", "quota": "1GB", "default_mailbox_quota": "10"}


@pytest.fixture
def reseller(people: People) -> Any:
    """A reseller who administers the domain of one portal, and one that is on none."""
    people.domain_a.add_admin(people.reseller)
    people.domain("free.test").add_admin(people.reseller)
    return people.client(people.reseller)


def linked() -> set[tuple[str, str]]:
    return set(VirtualHostDomain.objects.values_list("domain__name", "virtualhost__name"))


AS_BEFORE = {("a.test", A), ("b.test", B)}


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("value", [A, B, "new.host.test", "modoboa.test", "no name"])
def test_a_reseller_links_nothing(reseller: Any, method: str, value: str) -> None:
    """Whatever is sent, the answer is the same, so it tells nothing about other hostnames either."""
    free = Domain.objects.get(name="free.test")
    shown = reseller.get(f"{URL}{free.pk}/").json()
    shown.pop("transport")
    body = shown if method == "put" else {}
    answer = getattr(reseller, method)(
        f"{URL}{free.pk}/", body | {"virtualhost": value}, format="json"
    )
    assert answer.status_code == 403
    assert answer.json() == {"detail": "Only super administrators may assign virtual hosts."}
    assert linked() == AS_BEFORE
    assert not VirtualHost.objects.filter(name="new.host.test").exists()


def test_a_refused_change_changes_nothing_else(people: People, reseller: Any) -> None:
    body = {"virtualhost": B, "default_mailbox_quota": "7"}
    answer = reseller.patch(f"{URL}{people.domain_a.pk}/", body, format="json")
    assert answer.status_code == 403
    assert Domain.objects.get(pk=people.domain_a.pk).default_mailbox_quota != 7


def test_the_older_api_knows_no_such_field(people: People, reseller: Any) -> None:
    url = f"/api/v1/domains/{people.domain_a.pk}/"
    shown = reseller.get(url).json()
    assert "virtualhost" not in shown
    reseller.put(url, shown | {"virtualhost": B}, format="json")
    reseller.post("/api/v1/domains/", NEW | {"virtualhost": B}, format="json")
    assert linked() == AS_BEFORE


def test_a_domain_made_anew_is_on_no_host(people: People, reseller: Any) -> None:
    url = f"{URL}{people.domain_a.pk}/delete/"
    assert reseller.post(url, {"keep_folder": False}, format="json").status_code == 204
    made = reseller.post(URL, NEW | {"name": "a.test"}, format="json")
    assert made.status_code == 201, made.json()
    assert made.json()["virtualhost"] == ""
    assert linked() == {("b.test", B)}
    assert entrance.refusal(people.reseller.pk, hosts.find(A)) == entrance.STRANGER


def test_a_name_taken_over_brings_no_host_along(people: People, reseller: Any) -> None:
    """A domain that is renamed keeps its own link, also when another had that name before."""
    links.assign(people.domain_b, "")
    Domain.objects.filter(pk=people.domain_b.pk).delete()
    free = Domain.objects.get(name="free.test")
    free.name = "b.test"
    free.save()
    assert linked() == {("a.test", A)}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("get", ""), ("get", "{pk}/"), ("delete", "{pk}/"), ("get", "for_domain/{domain}/")),
        *(("post", "{pk}/set_state/"), ("put", "{pk}/theme/"), ("post", "bulk/")),
    ],
)
@pytest.mark.parametrize("who", ["reseller", "boss_a", "user_a"])
def test_the_endpoints_are_closed_to_them(people: People, who: str, method: str, path: str) -> None:
    url = path.format(pk=people.host_a.pk, domain=people.domain_a.pk)
    answer = getattr(people.client(getattr(people, who)), method)(
        f"/api/v2/virtualhosts/{url}", {"enabled": False}, format="json"
    )
    assert answer.status_code == 403
    assert VirtualHost.objects.get(name=A).enabled
