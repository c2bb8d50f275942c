# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The redirect URIs of the frontend's OAuth application follow the virtual hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from deployed import PRIMARY
from django.core.management import call_command
from oauth2_provider.models import get_application_model
from people import A, B

from modoboa_virtualhosts import links, redirect_uris
from modoboa_virtualhosts.models import VirtualHost

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db


def lists() -> tuple[list[str], list[str]]:
    application = get_application_model().objects.get(name=redirect_uris.APPLICATION)
    return application.redirect_uris.split(), application.post_logout_redirect_uris.split()


def uris(*authorities: str) -> tuple[list[str], list[str]]:
    return (
        [f"https://{authority}/login/logged" for authority in authorities],
        [f"https://{authority}" for authority in authorities],
    )


@pytest.fixture(autouse=True)
def _as_deployed(settings: Any) -> None:
    """The test runner allows a host of its own."""
    settings.ALLOWED_HOSTS = [host for host in settings.ALLOWED_HOSTS if host != "testserver"]


@pytest.fixture(autouse=True)
def _loaded(db: None, _as_deployed: None, tmp_path: Any, settings: Any) -> None:
    settings.BASE_DIR = str(tmp_path)
    call_command("load_initial_data", "--relative-urls-in-config")


def test_added_and_removed(people: People) -> None:
    assert lists() == uris(PRIMARY, A, B)
    host = links.assign(people.domain_a, "z.test")
    assert lists() == uris(PRIMARY, A, B, "z.test")
    people.host_a.delete()
    assert host is not None
    assert lists() == uris(PRIMARY, B, "z.test")
    host.delete()
    assert lists() == uris(PRIMARY, B)


def test_removed_through_the_api(people: People, api: Any) -> None:
    assert api.delete(f"/api/v2/virtualhosts/{people.host_a.pk}/").status_code == 204
    assert lists() == uris(PRIMARY, B)


def test_what_others_added_stays(people: People) -> None:
    application = get_application_model().objects.get(name=redirect_uris.APPLICATION)
    application.redirect_uris += " https://other.test/login/logged"
    application.save()
    people.host_a.delete()
    assert "https://other.test/login/logged" in lists()[0]


@pytest.mark.usefixtures("people")
def test_load_initial_data_keeps_them() -> None:
    """It writes the lists anew from ALLOWED_HOSTS."""
    call_command("load_initial_data", "--relative-urls-in-config")
    assert lists() == uris(PRIMARY, A, B)


@pytest.mark.usefixtures("people")
def test_load_initial_data_into_a_database_without_the_application() -> None:
    get_application_model().objects.filter(name=redirect_uris.APPLICATION).delete()
    redirect_uris.synchronize()
    call_command("load_initial_data", "--relative-urls-in-config")
    assert lists() == uris(PRIMARY, A, B)


def test_another_port(people: People, settings: Any) -> None:
    settings.MODOBOA_VIRTUALHOSTS_PORT = 8443
    call_command("load_initial_data", "--relative-urls-in-config")
    expected = (PRIMARY, f"{PRIMARY}:8443", f"{A}:8443", f"{B}:8443")
    assert lists() == uris(*expected)
    people.host_b.delete()
    assert lists() == uris(*expected[:-1])


def test_a_changed_port_leaves_nothing_behind(people: People, settings: Any) -> None:
    settings.MODOBOA_VIRTUALHOSTS_PORT = 8443
    redirect_uris.synchronize()
    settings.MODOBOA_VIRTUALHOSTS_PORT = 9443
    redirect_uris.synchronize()
    assert f"https://{A}:9443" in lists()[1]
    assert f"https://{A}:8443" not in lists()[1]
    people.host_a.delete()
    assert not any(A in uri for listed in lists() for uri in listed)


@pytest.mark.usefixtures("people")
def test_other_applications_are_left_alone() -> None:
    application = get_application_model().objects.create(
        name="other", client_type="public", authorization_grant_type="authorization-code"
    )
    assert application.redirect_uris == ""


def test_a_deletion_costs_the_same_among_many(
    people: People, django_assert_num_queries: Any
) -> None:
    """They are deleted one by one, so it asks for no other, and reads no other's addresses."""
    VirtualHost.objects.bulk_create(VirtualHost(name=f"mail.t{n}.test") for n in range(1000))
    redirect_uris.synchronize()
    with django_assert_num_queries(4) as queries:  # a savepoint, the application, its lists
        redirect_uris.forget(A)
    assert not any("virtualhost" in query["sql"] for query in queries)
    assert not any(A in uri for listed in lists() for uri in listed)
    assert f"https://{B}" in lists()[1]
    assert len(lists()[1]) == 1002


def test_names_that_end_alike_are_others(people: People) -> None:
    longer, before = f"x.{A}", f"{A}.test"
    for name in (longer, before):
        links.assign(people.domain(f"of.{name}"), name)
    people.host_a.delete()
    assert f"https://{longer}" in lists()[1]
    assert f"https://{before}" in lists()[1]
    assert f"https://{A}" not in lists()[1]


def test_an_address_in_capitals_goes_too(people: People) -> None:
    application = get_application_model().objects.get(name=redirect_uris.APPLICATION)
    application.redirect_uris += f" https://{A.upper()}/login/other"
    application.save()
    people.host_a.delete()
    assert not any(A in uri.lower() for uri in lists()[0])
