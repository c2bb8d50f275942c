# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in: for each a request, whether its answer lets in, and whom it is to let in where.

A way is told who goes where, known by what. UnexpectedAnswerError is raised when the answer is neither
a refusal nor what somebody at home gets: that is a mistake, not a verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from integration.isolation.roles import (
    HOSTS,
    PASSWORD,
    TWO_FACTORS,
    Role,
    at_home,
    nobody,
    primary,
    super_administrators,
)
from integration.isolation.visit import Visit, verdict

ME = "/api/v2/account/me/"
BEHIND_A_LOGIN = "/api/o/device/"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
SECRET = "not-a-secret"


# The login form, and what comes after it


def login_form(visit: Visit) -> bool:
    """The right password in the login form."""
    answer = visit.post("/accounts/login/", username=visit.role.username, password=PASSWORD)
    return verdict(answer, 302, 401)


def second_factor(visit: Visit) -> bool:
    """The right code, and the cookie from after the password."""
    answer = visit.post(
        "/accounts/2fa_verify/", "before_second_factor", tfa_code=visit.known["device_token"]
    )
    verdict(answer, 302)
    return not answer.location.startswith("/accounts/login/")


def second_factor_page(visit: Visit) -> bool:
    """The page that asks for the code."""
    return verdict(visit.get("/accounts/2fa_verify/", "before_second_factor"), 200, 302)


def security_key(visit: Visit) -> bool:
    """The question to a security key, and the cookie from after the password."""
    answer = visit.post("/accounts/fido/authenticate/begin", "before_second_factor")
    return verdict(answer, 200, 403)


def code_by_sms(visit: Visit) -> bool:
    """The page that asks for the code that was sent by SMS."""
    return verdict(visit.get("/reset/confirm_code/", "before_sms"), 200, 404)


# A session


def session(visit: Visit) -> bool:
    """A page behind the login."""
    return verdict(visit.get(BEHIND_A_LOGIN, "session"), 200, 302)


def authorize(visit: Visit, redirect_host: str = "") -> bool:
    """A code for the frontend."""
    answer = visit.get(
        "/api/o/authorize/",
        "session",
        client_id=visit.portals.client_id,
        response_type="code",
        redirect_uri=visit.redirect_uri(redirect_host),
        scope="openid read write",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    return verdict(answer, 302, 400) and bool(answer.code)


def authorize_for_another_host(visit: Visit) -> bool:
    """A code that is sent to another host."""
    return any(authorize(visit, host) for host in HOSTS if host != visit.host)


def applications(visit: Visit) -> bool:
    """The page to register OAuth applications."""
    return verdict(visit.get("/api/o/applications/register/", "session"), 200, 302, 403)


def authorized_tokens(visit: Visit) -> bool:
    """The page of tokens."""
    return verdict(visit.get("/api/o/authorized_tokens/", "session"), 200, 302, 403)


# Tokens


def access_token(visit: Visit) -> bool:
    """An access token at the API."""
    return verdict(visit.get(ME, bearer="access_token"), 200, 401)


def access_token_v1(visit: Visit) -> bool:
    """An access token at the older API."""
    return verdict(visit.post("/api/v1/account/tfa/setup/", bearer="access_token"), 200, 401)


def access_token_in_address(visit: Visit) -> bool:
    """An access token in the address."""
    return verdict(visit.get(ME, access_token=visit.known["access_token"]), 200, 401)


def userinfo(visit: Visit) -> bool:
    """An access token at OpenID's userinfo."""
    return verdict(visit.get("/api/o/userinfo/", bearer="access_token"), 200, 401)


def introspect_by_access_token(visit: Visit) -> bool:
    """An access token as the right to ask about tokens."""
    return verdict(visit.post("/api/o/introspect/", bearer="access_token", token="x"), 200, 403)


def id_token(visit: Visit) -> bool:
    """An ID token at the API."""
    return verdict(visit.get(ME, bearer="id_token"), 200, 401)


def introspect_by_id_token(visit: Visit) -> bool:
    """An ID token as the right to ask about tokens."""
    return verdict(visit.post("/api/o/introspect/", bearer="id_token", token="x"), 200, 403)


def api_token(visit: Visit) -> bool:
    """A token of Django REST framework."""
    headers = {"Authorization": f"Token {visit.known['api_token']}"}
    return verdict(visit.portals.send("GET", visit.host, ME, headers), 200, 401)


def introspected(visit: Visit) -> bool:
    """An application of the operator's asks about somebody's token."""
    answer = visit.post(
        "/api/o/introspect/",
        client_id="operators",
        client_secret=SECRET,
        token=visit.known["access_token"],
    )
    return verdict(answer, 200) and bool(answer.json["active"])


def key_registration(visit: Visit) -> bool:
    """A security key is registered, for this very host."""
    answer = visit.post("/api/v2/fido/registration/begin/", bearer="access_token")
    if not verdict(answer, 200, 401):
        return False
    return bool(answer.json["publicKey"]["rp"]["id"] == visit.host)


# Grants


def refresh_token(visit: Visit) -> bool:
    """A refresh token."""
    answer = visit.post(
        "/api/o/token/",
        grant_type="refresh_token",
        client_id=visit.portals.client_id,
        refresh_token=visit.known["refresh_token"],
    )
    return verdict(answer, 200, 400)


def code(visit: Visit) -> bool:
    """An authorization code."""
    answer = visit.post(
        "/api/o/token/",
        grant_type="authorization_code",
        client_id=visit.portals.client_id,
        code=visit.known["code"],
        redirect_uri=visit.redirect_uri(),
        code_verifier=VERIFIER,
    )
    return verdict(answer, 200, 400)


def password_grant(visit: Visit, client_id: str = "operators", username: str = "") -> bool:
    """The password grant, of an application of the operator's."""
    answer = visit.post(
        "/api/o/token/",
        grant_type="password",
        client_id=client_id,
        client_secret=SECRET,
        username=username or visit.role.username,
        password=PASSWORD,
    )
    return verdict(answer, 200, 400, 401)


def password_grant_past_second_factor(visit: Visit) -> bool:
    """The password grant, for an account that has a second factor."""
    return password_grant(visit, username=TWO_FACTORS)


def password_grant_of_somebodys(visit: Visit) -> bool:
    """The password grant, of an application that a user has registered."""
    return password_grant(visit, "somebodys")


def access_token_of_somebodys(visit: Visit) -> bool:
    """An access token that an application of a user's has got."""
    return verdict(visit.get("/api/o/userinfo/", bearer="access_token_of_somebodys"), 200, 401)


def machine(visit: Visit) -> bool:
    """Client credentials, which stand for no account."""
    answer = visit.post(
        "/api/o/token/",
        grant_type="client_credentials",
        client_id="machine",
        client_secret=SECRET,
    )
    return verdict(answer, 200, 400)


# Passwords


def reset_link(visit: Visit) -> bool:
    """The link from a mail about a forgotten password."""
    return verdict(visit.get(visit.known["reset_link"]), 302, 200)


# The way out


def logout_to_another_host(visit: Visit) -> bool:
    """A logout that leads to another host."""
    answers = [
        visit.get(
            "/api/o/logout/",
            client_id=visit.portals.client_id,
            post_logout_redirect_uri=f"https://{visit.portals.authority(host)}",
        )
        for host in HOSTS
        if host != visit.host
    ]
    return any(verdict(answer, 302, 400) for answer in answers)


def logout_by_id_token(visit: Visit) -> bool:
    """A logout of whoever an ID token is of."""
    return verdict(visit.get("/api/o/logout/", id_token_hint=visit.known["id_token"]), 302, 400)


@dataclass(frozen=True)
class Way:
    """A way in, and whom it is to let in where."""

    go: Callable[[Visit], bool]
    expected: Callable[[Role, str], bool] = at_home

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return self.go.__name__


# In this order: a login makes links to reset the password void, a logout makes tokens void
WAYS = (
    *map(Way, (reset_link, session, authorize, second_factor_page, security_key, code_by_sms)),
    *(Way(authorize_for_another_host, nobody), Way(logout_to_another_host, nobody)),
    *(Way(applications, super_administrators), Way(authorized_tokens, super_administrators)),
    *map(Way, (access_token, access_token_v1, access_token_in_address, userinfo)),
    *map(Way, (introspect_by_access_token, id_token, introspect_by_id_token)),
    *map(Way, (api_token, introspected, key_registration, refresh_token, code, password_grant)),
    Way(password_grant_past_second_factor, primary),
    *(Way(password_grant_of_somebodys, primary), Way(access_token_of_somebodys, primary)),
    Way(machine, primary),
    *map(Way, (login_form, second_factor, logout_by_id_token)),
)
