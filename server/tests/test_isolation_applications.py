# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""OAuth applications, their grants and their addresses."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from browser import CHALLENGE, Browser, application, code_in
from deployed import PRIMARY
from django.test import RequestFactory
from django.utils import timezone
from log_of_refusals import is_logged
from modoboa.core.models import User
from oauth2_provider.models import get_access_token_model, get_application_model
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request as OAuthRequest
from oauthlib.oauth2.rfc6749.errors import AccessDeniedError, InvalidGrantError
from people import PASSWORD, A, B

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db

ME = "/api/v2/account/me/"
Application = get_application_model()
DEVICE = Application.GRANT_DEVICE_CODE
SECRET = "not a secret, only for tests"


def register(grant: str, owner: User | None = None, **values: Any) -> Any:
    return Application.objects.create(
        **{
            "client_type": Application.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": grant,
            "client_secret": SECRET,
            "hash_client_secret": False,
            "user": owner,
            **values,
        }
    )


def ask(host: str, app: Any, grant: str, **form: str) -> Any:
    """Ask for a token."""
    credentials = {"client_id": app.client_id, "client_secret": SECRET, "grant_type": grant}
    return Browser(host).post("/api/o/token/", credentials | form)


def by_password(host: str, app: Any, username: str, password: str = PASSWORD) -> Any:
    return ask(host, app, "password", username=username, password=password)


# The password grant


def test_password_grant(people: People) -> None:
    app = register(Application.GRANT_PASSWORD, people.admin)
    for host, status in ((PRIMARY, 200), (A, 200), (B, 400)):
        assert by_password(host, app, "user@a.test").status_code == status
    wrong = by_password(B, app, "user@a.test", "Wrong1234")
    assert by_password(B, app, "user@a.test").json() == wrong.json()
    assert by_password(B, app, "nobody@a.test").json() == wrong.json()
    assert by_password(B, app, "reseller").json() == wrong.json()
    assert is_logged("reseller", B, "password grant")


def test_password_grant_never_passes_by_the_second_factor(people: People) -> None:
    app = register(Application.GRANT_PASSWORD)
    User.objects.filter(pk=people.user_a.pk).update(totp_enabled=True)
    assert by_password(A, app, "user@a.test").status_code == 400
    assert is_logged("user@a.test", A, "password grant", "second factor")
    # How the instance's own hostnames treat it is Modoboa's decision
    assert by_password(PRIMARY, app, "user@a.test").status_code == 200


# Other grants


def test_whatever_is_issued_is_for_somebody_at_home(people: People) -> None:
    """As for devices, which ask without their user's session."""
    validator = oauth2_settings.OAUTH2_VALIDATOR_CLASS()
    app = register(DEVICE)
    for host, issued in ((B, False), (A, True), (PRIMARY, True)):
        environment = RequestFactory().get("/", headers={"host": host}).META
        request = OAuthRequest("/", headers=environment)
        request.user, request.client, request.grant_type = people.user_a, app, DEVICE
        token = {"access_token": f"issued on {host}", "scope": "read"}
        with nullcontext() if issued else pytest.raises(InvalidGrantError):
            validator.save_bearer_token(token, request)
        request.scopes, request.redirect_uri = ["read"], f"https://{host}/"
        with nullcontext() if issued else pytest.raises(AccessDeniedError):
            validator.save_authorization_code(app.client_id, {"code": f"c {host}"}, request)
    assert is_logged("user@a.test", B, f"grant {DEVICE}")


def test_a_machine_is_at_home_on_the_primary_host_alone(people: People) -> None:
    app = register(Application.GRANT_CLIENT_CREDENTIALS)
    assert ask(A, app, "client_credentials").status_code == 400
    token = ask(PRIMARY, app, "client_credentials").json()["access_token"]
    assert Browser(A).get("/api/o/userinfo/", token=token).status_code == 401
    assert is_logged("nobody", A, "access token")


# Whose applications


@pytest.mark.parametrize(
    ("owner", "more", "statuses"),
    [
        ("admin", {}, (200, 200)),
        (None, {}, (200, 200)),
        ("user_a", {}, (200, 401)),
        ("boss_a", {}, (200, 401)),
        (None, {"registration_source": "dcr"}, (200, 401)),
    ],
)
def test_on_virtual_hosts_only_the_operators_applications_work(
    people: People, owner: str | None, more: dict[str, str], statuses: tuple[int, int]
) -> None:
    user = getattr(people, owner) if owner else None
    app = register(Application.GRANT_PASSWORD, user, **more)
    answers = tuple(by_password(host, app, "user@a.test").status_code for host in (PRIMARY, A))
    assert answers == statuses
    token = by_password(PRIMARY, app, "user@a.test").json()["access_token"]
    got = tuple(Browser(host).get(ME, token=token).status_code for host in (PRIMARY, A))
    assert got == statuses


def test_public_applications_of_somebodys_own(people: People) -> None:
    app = register(
        Application.GRANT_AUTHORIZATION_CODE,
        people.user_a,
        client_type=Application.CLIENT_PUBLIC,
        redirect_uris="https://elsewhere.test/",
        skip_authorization=True,
    )
    query = {"client_id": app.client_id, "redirect_uri": "https://elsewhere.test/"}
    assert "code=" in Browser(PRIMARY, people.user_a).authorize(**query)["Location"]
    assert Browser(A, people.user_a).authorize(**query).status_code == 400


def test_an_application_without_owner_any_more(people: People) -> None:
    """A token that another server has issued belongs to no application."""
    token = get_access_token_model().objects.create(
        user=people.user_a,
        token="from-elsewhere",
        expires=timezone.now() + timedelta(minutes=1),
        scope="read openid",
    )
    assert Browser(A).get(ME, token=token.token).status_code == 200
    assert Browser(B).get(ME, token=token.token).status_code == 401


# Where codes are sent


@pytest.mark.parametrize(
    ("host", "target", "sent"),
    [
        *((PRIMARY, PRIMARY, True), (PRIMARY, A, False)),
        *((A, A, True), (A, B, False), (A, PRIMARY, False)),
    ],
)
def test_codes_stay_on_their_host(people: People, host: str, target: str, sent: bool) -> None:
    answer = Browser(host, people.admin).authorize(target)
    assert answer.status_code == (302 if sent else 400)
    assert ("code=" in answer.get("Location", "")) == sent


def test_an_application_of_the_operators_may_be_elsewhere(people: People) -> None:
    everywhere = [f"https://{name}/" for name in ("elsewhere.test", A, B, PRIMARY)]
    app = register(
        Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=" ".join(everywhere),
        skip_authorization=True,
    )
    sent = [
        Browser(A, people.user_a).authorize(client_id=app.client_id, redirect_uri=uri).status_code
        for uri in everywhere
    ]
    assert sent == [302, 302, 400, 400]


def test_the_only_address_of_an_application(people: People) -> None:
    app = register(
        Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=f"https://{B}/",
        skip_authorization=True,
    )
    query = {"client_id": app.client_id, "response_type": "code", "code_challenge": CHALLENGE}
    query["code_challenge_method"] = "S256"
    answers = [Browser(h, people.admin).get("/api/o/authorize/", query) for h in (A, B)]
    assert [answer.status_code for answer in answers] == [400, 302]
    assert code_in(answers[1])


def test_the_form_asks_again(people: People) -> None:
    """The second step takes its address from a form, which a browser can change."""
    Application.objects.filter(pk=application().pk).update(skip_authorization=False)
    form = {
        "client_id": application().client_id,
        "response_type": "code",
        "scope": "openid read",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "allow": "on",
    }
    browser = Browser(A, people.user_a)
    sent = {
        target: browser.post("/api/o/authorize/", form | {"redirect_uri": _logged(target)})
        for target in (A, B)
    }
    assert code_in(sent[A])
    assert sent[B].status_code == 400


def _logged(host: str) -> str:
    return f"https://{host}/login/logged"


# The pages to manage them


@pytest.mark.parametrize("path", ["applications/", "applications/register/", "authorized_tokens/"])
def test_pages_for_super_administrators(people: People, path: str) -> None:
    for host, user, status in (
        *((A, people.admin, 200), (PRIMARY, people.admin, 200)),
        *((A, people.user_a, 403), (PRIMARY, people.user_a, 403), (PRIMARY, people.reseller, 403)),
        *((B, people.user_a, 302), (A, None, 302)),
    ):
        assert Browser(host, user).get(f"/api/o/{path}").status_code == status
    assert is_logged("reseller", PRIMARY, "", "super administrators")


def test_nobody_registers_an_application(people: People) -> None:
    before = Application.objects.count()
    form = {
        "name": "mine",
        "client_id": "mine",
        "client_type": "public",
        "authorization_grant_type": "password",
    }
    answer = Browser(A, people.user_a).post("/api/o/applications/register/", form)
    assert answer.status_code == 403
    assert Application.objects.count() == before
