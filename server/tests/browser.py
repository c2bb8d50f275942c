# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""A browser with Modoboa's frontend in it, or somebody with what such a browser has been given."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.test import Client
from modoboa.core.models import User
from oauth2_provider.models import get_application_model

VERIFIER = "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGH"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


def application() -> Any:
    """Return the OAuth application of the frontend."""
    return get_application_model().objects.get(name="modoboa_frontend")


class Browser:
    """A client that talks to one host, by HTTPS."""

    def __init__(self, host: str, user: User | None = None, cookie: str = "") -> None:
        """Open it, with a user logged in or with a session cookie."""
        self.host = host
        self.client = Client(headers={"host": host})
        if user is not None:
            self.client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        if cookie:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = cookie

    @property
    def cookie(self) -> str:
        """The session cookie."""
        return str(self.client.cookies[settings.SESSION_COOKIE_NAME].value)

    def get(self, path: str, data: Any = None, token: str = "") -> Any:
        """Get an address, with an access token if there is one."""
        return self.client.get(path, data, secure=True, headers=_bearer(token))

    def post(self, path: str, data: Any = None, token: str = "") -> Any:
        """Send a form, with an access token if there is one."""
        return self.client.post(path, data, secure=True, headers=_bearer(token))

    def authorize(self, redirect_host: str = "", **more: str) -> Any:
        """Ask for a code, which comes back to this host unless another is named."""
        return self.get(
            "/api/o/authorize/",
            {
                "client_id": application().client_id,
                "response_type": "code",
                "redirect_uri": f"https://{redirect_host or self.host}/login/logged",
                "scope": "openid read write",
                "code_challenge": CHALLENGE,
                "code_challenge_method": "S256",
                **more,
            },
        )

    def code(self) -> str:
        """Return a code."""
        return code_in(self.authorize())

    def redeem(self, code: str, redirect_host: str = "") -> Any:
        """Ask for tokens for a code."""
        return self.post(
            "/api/o/token/",
            {
                "grant_type": "authorization_code",
                "client_id": application().client_id,
                "code": code,
                "redirect_uri": f"https://{redirect_host or self.host}/login/logged",
                "code_verifier": VERIFIER,
            },
        )

    def tokens(self) -> dict[str, str]:
        """Return an access token, a refresh token and an ID token."""
        found: dict[str, str] = self.redeem(self.code()).json()
        return found

    def refresh(self, token: str) -> Any:
        """Ask for new tokens for a refresh token."""
        return self.post(
            "/api/o/token/",
            {
                "grant_type": "refresh_token",
                "client_id": application().client_id,
                "refresh_token": token,
            },
        )


def code_in(response: Any) -> str:
    """Return the code in the address that a response leads to."""
    assert response.status_code == 302, response.content
    return parse_qs(urlsplit(str(response["Location"])).query)["code"][0]


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} if token else {}
