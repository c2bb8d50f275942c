# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""A virtual host that is about to change is locked, so that it is not deleted or changed meanwhile.

Without that, a theme for one that is just being deleted is an internal error, and a retry undoes what a
provisioner reports at the same moment. sqlite has no such locks: it lets one request at a time write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from people import A

from modoboa_virtualhosts import links

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not connection.features.has_select_for_update, reason="this database has no locks of rows"
    ),
]
TABLE = "modoboa_virtualhosts_virtualhost"
URL = "/api/v2/virtualhosts/"


def locked_by(act: Callable[[], Any]) -> bool:
    with CaptureQueriesContext(connection) as queries:
        answer = act()
    assert getattr(answer, "status_code", 200) < 300, answer.content
    locking = [query["sql"] for query in queries if query["sql"].endswith("FOR UPDATE")]
    return any(TABLE in sql for sql in locking)


CHANGES: dict[str, Callable[[Any, str], Any]] = {
    "set_state": lambda api, url: api.post(f"{url}set_state/", {"enabled": False}),
    "retry": lambda api, url: api.post(f"{url}retry_provisioning/"),
    "theme": lambda api, url: api.put(f"{url}theme/", {"theme_label_color": "#010203"}),
    "clear a logo": lambda api, url: api.delete(f"{url}theme_logo/?logo_type=login"),
    "delete": lambda api, url: api.delete(url),
    "report": lambda api, _url: api.post(
        f"{URL}report/", {"reports": [{"name": A, "status": "ready"}]}, format="json"
    ),
    "bulk": lambda api, _url: api.post(
        f"{URL}bulk/", {"virtualhosts": [{"name": A, "domains": ["b.test"]}]}, format="json"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_lock(api: APIClient, people: People, change: str) -> None:
    people.host_a.provisioning_status = "failed"
    people.host_a.save()
    url = f"{URL}{people.host_a.pk}/"
    assert locked_by(lambda: CHANGES[change](api, url))


def test_linking_locks(people: People) -> None:
    assert locked_by(lambda: links.assign(people.domain_b, A))


@pytest.mark.parametrize("path", ["", "?domain=a.test", "{pk}/", "{pk}/theme/"])
def test_looking_locks_nothing(api: APIClient, people: People, path: str) -> None:
    url = URL + path.format(pk=people.host_a.pk)
    assert not locked_by(lambda: api.get(url))
