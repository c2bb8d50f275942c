# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The licence: registered once with a real service, locked whenever it does not fit."""

from __future__ import annotations

import hashlib
import io
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import resolve
from licensing_service import LicensingService
from people import A

from modoboa_virtualhosts.models import License

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

ROOT = "/api/v2/virtualhosts/"
URL = f"{ROOT}license/"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LicensingService]:
    service = LicensingService(tmp_path_factory.mktemp("licensing") / "licences.db")
    with service.running():
        yield service


@pytest.fixture(autouse=True)
def _no_attempts_before(people: People) -> None:
    cache.delete(f"throttle_virtualhosts_license_{people.admin.pk}")


@pytest.fixture(autouse=True)
def _no_transaction_of_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint has none, so a refusal there would roll back the test's own."""
    monkeypatch.setattr("rest_framework.views.set_rollback", lambda: None)


@pytest.fixture
def key(service: LicensingService, settings: Any) -> str:
    """A key that was sold, in the settings of this instance, with the address to register it at."""
    sold = service.sell()
    settings.MODOBOA_PRO_LICENSE_KEY = sold
    settings.MODOBOA_VIRTUALHOSTS_LICENSE_URL = service.url
    return sold


def endpoints(people: People) -> list[tuple[str, str]]:
    pk = people.host_a.pk
    return [
        ("get", ROOT),
        ("get", f"{ROOT}{pk}/"),
        ("delete", f"{ROOT}{pk}/"),
        ("get", f"{ROOT}for_domain/{people.domain_a.pk}/"),
        ("post", f"{ROOT}{pk}/set_state/"),
        ("post", f"{ROOT}{pk}/retry_provisioning/"),
        ("get", f"{ROOT}{pk}/theme/"),
        ("put", f"{ROOT}{pk}/theme/"),
        ("post", f"{ROOT}{pk}/theme_logo/"),
        ("delete", f"{ROOT}{pk}/theme_logo/?logo_type=login"),
        ("post", f"{ROOT}report/"),
        ("post", f"{ROOT}bulk/"),
        ("options", ROOT),
        ("get", "/api/v2/parameters/virtualhosts/"),
        ("put", "/api/v2/parameters/virtualhosts/"),
    ]


def locked(api: APIClient) -> bool:
    response = api.get(ROOT)
    if response.status_code == 200:
        return False
    assert response.status_code == 403
    assert response.json()["code"] == "license_required"
    return True


def test_nothing_is_locked_where_nothing_is_known_of_a_licence(api: APIClient) -> None:
    assert not locked(api)
    assert api.get(URL).json() == {
        "needed": False,
        "configured": False,
        "registered": False,
        "locked": False,
        "licensee": "",
        "registered_at": None,
        "last_attempt": None,
        "last_error": "",
        "key_fingerprint": "",
    }


def test_every_endpoint_is_locked_until_the_key_is_registered(
    api: APIClient, people: People, key: str
) -> None:
    for method, url in endpoints(people):
        response = getattr(api, method)(url)
        assert response.status_code == 403, (method, url)
        assert response.json()["code"] == "license_required"
        assert "not registered" in response.json()["detail"]
    response = api.post(URL)
    assert response.status_code == 200
    state = response.json()
    assert (state["registered"], state["locked"]) == (True, False)
    assert state["licensee"] == "Example Hosting"
    assert state["registered_at"] == state["last_attempt"]
    for method, url in endpoints(people):
        assert getattr(api, method)(url).status_code != 403, (method, url)


def test_visitors_notice_nothing_of_the_lock(people: People, key: str) -> None:
    assert people.client(None, A).get("/accounts/login/").status_code == 200


def test_only_the_digest_is_kept(api: APIClient, key: str) -> None:
    api.post(URL)
    digest = hashlib.sha256(key.encode()).hexdigest()
    assert License.objects.get().key_sha256 == digest
    out = io.StringIO()
    call_command("dumpdata", "modoboa_virtualhosts", "core", stdout=out)
    assert digest in out.getvalue()
    assert key not in out.getvalue()


def test_fingerprint_tells_which_key_is_running(api: APIClient, settings: Any) -> None:
    for key in ("first-key", " second-key\n"):
        settings.MODOBOA_PRO_LICENSE_KEY = key
        digest = hashlib.sha256(key.strip().encode()).hexdigest()
        assert api.get(URL).json()["key_fingerprint"] == digest[:16]


def test_registered_once(api: APIClient, key: str, settings: Any) -> None:
    first = api.post(URL).json()
    # Nobody is there any more, and nobody needs to be
    settings.MODOBOA_VIRTUALHOSTS_LICENSE_URL = "http://127.0.0.1:1/"
    assert api.post(URL).json() == first
    assert not locked(api)


@pytest.mark.parametrize("other", ["", None, "  ", "another key"])
@pytest.mark.parametrize("url_stays", [True, False])
def test_a_key_that_changes_or_goes_locks_at_once(
    api: APIClient, key: str, settings: Any, other: str | None, url_stays: bool
) -> None:
    api.post(URL)
    assert not locked(api)
    settings.MODOBOA_PRO_LICENSE_KEY = other
    if not url_stays:
        settings.MODOBOA_VIRTUALHOSTS_LICENSE_URL = ""
    assert locked(api)
    settings.MODOBOA_PRO_LICENSE_KEY = key
    assert not locked(api)
    del settings.MODOBOA_PRO_LICENSE_KEY
    assert locked(api)


def test_another_key_is_registered_in_its_place(
    api: APIClient, key: str, settings: Any, service: LicensingService
) -> None:
    api.post(URL)
    settings.MODOBOA_PRO_LICENSE_KEY = service.sell("Second Hosting")
    assert api.post(URL).json()["licensee"] == "Second Hosting"
    assert License.objects.count() == 1
    settings.MODOBOA_PRO_LICENSE_KEY = key
    assert locked(api)


def test_the_gate_can_be_switched_off_and_on(api: APIClient, key: str, settings: Any) -> None:
    settings.MODOBOA_VIRTUALHOSTS_LICENSE_REQUIRED = False
    assert not locked(api)
    assert api.get(URL).json()["needed"] is False
    settings.MODOBOA_VIRTUALHOSTS_LICENSE_REQUIRED = True
    settings.MODOBOA_VIRTUALHOSTS_LICENSE_URL = settings.MODOBOA_PRO_LICENSE_KEY = ""
    assert locked(api)


def test_an_error_is_kept_and_shown(
    api: APIClient, key: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("modoboa.admin").addHandler(caplog.handler)
    settings.MODOBOA_PRO_LICENSE_KEY = "never sold"
    response = api.post(URL)
    assert response.status_code == 409
    assert "This licence key is unknown." in response.json()["error"]
    state = api.get(URL).json()
    assert state["last_error"] == response.json()["error"]
    assert state["last_attempt"] is not None
    assert locked(api)
    assert "never sold" not in caplog.text
    assert "was not registered" in caplog.text
    settings.MODOBOA_PRO_LICENSE_KEY = key
    assert api.post(URL).json()["last_error"] == ""


def test_no_more_installations_than_were_bought(
    api: APIClient, key: str, service: LicensingService
) -> None:
    api.post(URL)
    License.objects.all().delete()
    response = api.post(URL)
    assert "This licence is for 1" in response.json()["error"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "none is set"),
        ("http://licensing.test/register", "use https"),
        ("ftp://licensing.test/", "no address"),
        ("https://user:secret@licensing.test/", "password"),
        ("https://[", "no address"),
        ("http://127.0.0.1:1/register", "cannot be reached"),
    ],
)
def test_an_endpoint_that_cannot_be_used(
    api: APIClient, key: str, settings: Any, url: str, reason: str
) -> None:
    settings.MODOBOA_VIRTUALHOSTS_LICENSE_URL = url
    error = api.post(URL).json()["error"]
    assert reason in error
    assert key not in error
    assert api.get(URL).json()["last_error"] == error


@pytest.fixture
def odd_endpoint() -> Iterator[Any]:
    """An endpoint that answers what it is told to."""

    class Handler(BaseHTTPRequestHandler):
        answer: tuple[int, bytes] = (200, b"")
        asked = 0

        def do_POST(self) -> None:
            type(self).asked += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = self.answer
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content.replace(b"BODY", body))

        def log_message(self, *_args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Handler, f"http://127.0.0.1:{server.server_port}/register"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (200, b"", "not about this key"),
        (200, b"<html>Welcome!</html>", "not about this key"),
        (200, b'{"key_sha256": 7}', "not about this key"),
        (200, b'{"key_sha256": "\xc3\xa9"}', "not about this key"),
        (200, b"[]", "not about this key"),
        (200, b"[" * 50_000, "not about this key"),
        (200, b"BODY", "not about this key"),
        (302, b"", "HTTP 302"),
        (500, b"oops", "HTTP 500"),
        (403, b'{"detail": "no\\nmore\\u0007"}', "no more"),
        (403, b'{"error": BODY}', "***"),
        (403, b'{"error": "' + b"x" * 100_000 + b'"}', "HTTP 403"),
    ],
)
def test_answers_that_are_no_registration(
    api: APIClient,
    key: str,
    settings: Any,
    odd_endpoint: Any,
    status: int,
    content: bytes,
    reason: str,
) -> None:
    handler, url = odd_endpoint
    handler.answer = (status, content)
    settings.MODOBOA_VIRTUALHOSTS_LICENSE_URL = url
    response = api.post(URL)
    assert response.status_code == 409
    assert reason in response.json()["error"]
    assert key not in str(response.json())
    assert len(response.json()["error"]) < 400
    assert handler.asked == 1
    assert locked(api)


def test_super_administrators_only(people: People, key: str) -> None:
    for method in ("get", "post"):
        assert getattr(people.client(None), method)(URL).status_code == 401
        for who in (people.reseller, people.boss_a, people.user_a):
            assert getattr(people.client(who), method)(URL).status_code == 403


def test_others_are_told_nothing_of_the_licence(people: People, key: str) -> None:
    assert "code" not in people.client(people.reseller).get(ROOT).json()


def test_attempts_are_bounded(api: APIClient, key: str) -> None:
    answers = [api.post(URL).status_code for _number in range(12)]
    assert answers == [200] * 10 + [429] * 2


def test_command(key: str) -> None:
    out = io.StringIO()
    call_command("virtualhosts_license", stdout=out)
    assert "not registered" in out.getvalue()
    call_command("virtualhosts_license", "--register", stdout=out)
    assert "registered for Example Hosting" in out.getvalue()
    assert key not in out.getvalue()


def test_command_with_an_error(key: str, settings: Any) -> None:
    settings.MODOBOA_PRO_LICENSE_KEY = "never sold"
    with pytest.raises(CommandError, match="unknown"):
        call_command("virtualhosts_license", "--register")


def found() -> set[str]:
    return {str(message.id) for message in run_checks()} & {
        "modoboa_virtualhosts.E006",
        "modoboa_virtualhosts.W003",
    }


def test_checks(settings: Any) -> None:
    assert found() == set()
    settings.MODOBOA_PRO_LICENSE_KEY = "a key"
    assert found() == {"modoboa_virtualhosts.W003"}
    settings.MODOBOA_VIRTUALHOSTS_LICENSE_REQUIRED = False
    assert found() == set()
    settings.MODOBOA_VIRTUALHOSTS_LICENSE_URL = "http://licensing.test/"
    assert found() == {"modoboa_virtualhosts.E006"}
    settings.MODOBOA_VIRTUALHOSTS_LICENSE_URL = "https://licensing.test/"
    assert found() == set()


def test_the_key_is_in_no_statement(api: APIClient, key: str) -> None:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        api.post(URL)
        api.get(ROOT)
    assert queries.captured_queries
    assert not [query for query in queries.captured_queries if key in query["sql"]]


def test_the_database_is_not_locked_meanwhile() -> None:
    """Modoboa has a transaction around every request, which with sqlite lets nobody else write."""
    from django.conf import settings

    assert settings.DATABASES["default"]["ATOMIC_REQUESTS"]
    view: Any = resolve(URL).func
    assert view._non_atomic_requests == {"default"}


def test_the_service_forgets(service: LicensingService, tmp_path: Path) -> None:
    key = service.sell("Third Hosting", 3)
    digest = hashlib.sha256(key.encode()).hexdigest()
    assert f"{digest} 0/3 Third Hosting" in service.manage("list")
    service.manage("forget", digest)
    assert digest not in service.manage("list")
