# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in with user name and password.

Modoboa 2.12 takes no password over its API, and issues API tokens only to those who are already
signed in. So this does what the web interface does: the login form, then the authorization code
flow with PKCE (RFC 6749 section 4.1, RFC 7636) as the public client named in config.json. The
token it gets expires by itself, and nothing is left in the user's account.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urljoin, urlsplit

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import answer, errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.address import (
    base_url,
    is_readable_on_the_way,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import anonymous
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.transport import Transport

if TYPE_CHECKING:
    from requests import Response, Session

_CSRF_FIELD = re.compile(r"""name=["']csrfmiddlewaretoken["']\s+value=["']([^"']+)["']""")
_MAX_REDIRECTS = 5


@dataclass(frozen=True)
class _Frontend:
    """What config.json tells the web interface about the server."""

    authority: str
    client_id: str
    redirect_uri: str


def sign_in(session: Session, url: str, username: str, password: str, **options: Any) -> str:
    """Exchange a user name and password for an access token.

    :param session: keeps the cookies of the login
    :param url: address of the server
    :param options: ``verify`` and ``timeout``, see :class:`Transport`
    :raises AuthenticationError: wrong, or a second factor is asked for
    :raises ModoboaError: anything else on the way
    """
    browser = _Browser(session, url, **options)
    frontend = browser.frontend()
    verifier = secrets.token_urlsafe(48)
    code = browser.authorization_code(frontend, verifier, username, password)
    return browser.access_token(frontend, verifier, code)


class _Browser:
    """Goes where a browser would: forms and redirects instead of JSON."""

    def __init__(self, session: Session, url: str, **options: Any) -> None:
        self.url = base_url(url)
        self._transport = Transport(session, **options)

    def frontend(self) -> _Frontend:
        """Read config.json, which lies beside the web interface."""
        config = answer.decoded(self._good(self._visit("GET", urljoin(self.url, "config.json"))))
        try:
            frontend = _Frontend(
                authority=urljoin(self.url, config["OAUTH_AUTHORITY_URL"]).rstrip("/"),
                client_id=config["OAUTH_CLIENT_ID"],
                redirect_uri=urljoin(self.url, config["OAUTH_REDIRECT_URI"]),
            )
        except (KeyError, TypeError):
            raise errors.UnexpectedAnswerError(
                f"{self.url}config.json does not describe a Modoboa web interface; sign in with"
                " a token instead"
            ) from None
        if is_readable_on_the_way(frontend.authority) and not is_readable_on_the_way(self.url):
            raise errors.AuthenticationError(
                f"{self.url}config.json has people sign in at {frontend.authority}, without TLS;"
                " sign in with a token instead"
            )
        return frontend

    def authorization_code(
        self, frontend: _Frontend, verifier: str, username: str, password: str
    ) -> str:
        """Ask for authorization, fill in the login form, and take the code from the redirect."""
        digest = hashlib.sha256(verifier.encode()).digest()
        response = self._visit(
            "GET",
            frontend.authority + "/authorize/",
            params={
                "client_id": frontend.client_id,
                "redirect_uri": frontend.redirect_uri,
                "response_type": "code",
                "scope": "openid read write",
                "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
                "state": secrets.token_urlsafe(16),
            },
        )
        form_was_sent = False
        for _step in range(_MAX_REDIRECTS):
            if response.is_redirect:
                target = urljoin(response.url, response.headers["Location"])
                if target.startswith(frontend.redirect_uri):
                    return _code(response, target)
                path = urlsplit(target).path
                if "2fa" in path or "fido" in path:
                    raise errors.AuthenticationError(
                        f"{answer.request_line(response)}: user {username!r} signs in with a second"
                        " factor; use an API token"
                    )
                if urlsplit(target)[:2] != urlsplit(self.url)[:2]:
                    raise answer.error_of(response)  # the password stays with this server
                response = self._visit("GET", target)
            elif response.status_code in (200, 401) and form_was_sent:
                break
            elif response.status_code == 200:
                response = self._submit(response, username, password)
                form_was_sent = True
            else:
                raise answer.error_of(response)
        raise errors.AuthenticationError(
            f"{answer.request_line(response)}: the server does not accept user name {username!r}"
            f" with this password ({response.status_code}: {answer.words(response)})"
        )

    def access_token(self, frontend: _Frontend, verifier: str, code: str) -> str:
        """Exchange the code for a token (RFC 6749 section 4.1.3)."""
        response = self._visit(
            "POST",
            frontend.authority + "/token/",
            data={
                "grant_type": "authorization_code",
                "client_id": frontend.client_id,
                "redirect_uri": frontend.redirect_uri,
                "code": code,
                "code_verifier": verifier,
            },
        )
        content = answer.decoded(self._good(response))
        token = content.get("access_token") if isinstance(content, dict) else None
        if not isinstance(token, str):
            raise errors.UnexpectedAnswerError(
                f"{answer.request_line(response)}: the answer has no access token"
            )
        return token

    def _submit(self, page: Response, username: str, password: str) -> Response:
        field = _CSRF_FIELD.search(page.text)
        if field is None:
            raise errors.UnexpectedAnswerError(
                f"{answer.request_line(page)}: no login form there; sign in with a token instead"
            )
        return self._visit(
            "POST",
            page.url,
            data={
                "csrfmiddlewaretoken": html.unescape(field.group(1)),
                "username": username,
                "password": password,
            },
            # Django checks where a form comes from when it is sent over TLS
            headers={"Referer": page.url},
        )

    def _visit(self, method: str, url: str, **content: Any) -> Response:
        return self._transport.exchange(method, url, anonymous, **content)

    @staticmethod
    def _good(response: Response) -> Response:
        if response.status_code != 200:
            raise answer.error_of(response)
        return response


def _code(response: Response, target: str) -> str:
    query = parse_qs(urlsplit(target).query)
    if "code" not in query:
        raise errors.AuthenticationError(
            f"{answer.request_line(response)}: the server authorizes nobody for its web interface: "
            + ", ".join(query.get("error_description") or query.get("error") or ["no reason"])
        )
    return query["code"][0]
