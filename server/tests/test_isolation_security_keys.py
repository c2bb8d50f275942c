# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Security keys belong to the hostname that the browser shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browser import Browser
from deployed import PRIMARY
from modoboa.core.models import UserFidoKey
from people import PASSWORD, A

if TYPE_CHECKING:
    from people import People

pytestmark = pytest.mark.django_db

BEGIN = "/api/v2/fido/registration/begin/"


@pytest.mark.parametrize(
    ("host", "relying_party"),
    [
        *((A, A), (f"{A}:8443", A), (A.upper(), A), (f"{A}.", A)),
        *((PRIMARY, PRIMARY), (f"{PRIMARY}:8443", PRIMARY)),
    ],
)
def test_relying_party(people: People, host: str, relying_party: str) -> None:
    token = Browser(A, people.user_a).tokens()["access_token"]
    answer: Any = Browser(host).post(BEGIN, token=token)
    assert answer.json()["publicKey"]["rp"]["id"] == relying_party


def test_a_login_with_a_key_asks_for_the_host(people: People, monkeypatch: Any) -> None:
    from modoboa.core import fido2_auth

    UserFidoKey.objects.create(user=people.user_a, name="key", credential_data="")
    people.user_a.webauthn_enabled = True
    people.user_a.save()
    monkeypatch.setattr(fido2_auth, "get_creds_from_user", lambda _user: {})
    browser = Browser(f"{A}:8443")
    form = {"username": "user@a.test", "password": PASSWORD}
    assert browser.post("/accounts/login/", form)["Location"] == "/accounts/2fa_verify/"
    answer: Any = browser.post("/accounts/fido/authenticate/begin")
    assert answer.json()["publicKey"]["rpId"] == A
