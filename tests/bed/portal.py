# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A portal as a browser sees it: connections to loopback, with the hostname of the tenant."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from bed import http
from bed.errors import BedError
from bed.ports import LOOPBACK

TIMEOUT = 30


@dataclass(frozen=True)
class Portal:
    """Where to find one, and the CA (PEM file) of its certificate."""

    hostname: str
    https_port: int
    ca_path: Path

    @property
    def url(self) -> str:
        """Its base address."""
        return f"https://{self.hostname}:{self.https_port}"


@dataclass(frozen=True)
class LoginResult:
    """How a login ended: ``ok`` with the ``account`` the API then names, else ``reason``."""

    ok: bool
    status: int
    reason: str = ""
    account: str = ""
    access_token: str = ""

    def __bool__(self) -> bool:
        return self.ok


def session(portal: Portal) -> requests.Session:
    """HTTP to the portal: whatever the machine's DNS says, connections go to loopback.

    The certificate is verified against the portal's CA and for its hostname.
    """
    made = http.session(portal.ca_path)
    made.mount("https://", _LoopbackAdapter())
    return made


class _LoopbackAdapter(HTTPAdapter):
    """Connects to loopback, but speaks and verifies TLS for the hostname of the address."""

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Where to connect to, and what the TLS connection is told."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        names = {"server_hostname": host["host"], "assert_hostname": host["host"]}
        return {**host, "host": LOOPBACK}, {**pool, **names}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Send a request with the Host of its address, port included."""
        request.headers["Host"] = str(urlsplit(request.url or "").netloc)
        return super().send(request, *args, **kwargs)


def client_id(config: Path) -> str:
    """The frontend's OAuth client, from the config.json that it loads."""
    found: str = json.loads(config.read_text())["OAUTH_CLIENT_ID"]
    return found


def login(portal: Portal, *, client_id: str, username: str, password: str) -> LoginResult:
    """Log in as the frontend does: authorization code with PKCE, the login form, the token.

    A refusal is a result, not an error. Raises BedError when the portal answers with something that
    is neither.
    """
    browser = session(portal)
    redirect_uri = f"{portal.url}/login/logged"
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    authorize = f"{portal.url}/api/o/authorize/?" + urlencode(
        {
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "openid read write",
            "state": secrets.token_hex(16),
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
        }
    )
    form = browser.get(authorize, timeout=TIMEOUT)
    if not form.ok:
        return LoginResult(ok=False, status=form.status_code, reason=_text(form))
    answer = browser.post(
        form.url,
        data={**_hidden_fields(form), "username": username, "password": password},
        headers={"Referer": form.url},
        timeout=TIMEOUT,
        allow_redirects=False,
    )
    if not answer.is_redirect:
        return LoginResult(ok=False, status=answer.status_code, reason=_text(answer))
    code = _follow_to_code(browser, answer, redirect_uri)
    token = browser.post(
        f"{portal.url}/api/o/token/",
        data={
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        },
        timeout=TIMEOUT,
    )
    if not token.ok:
        return LoginResult(ok=False, status=token.status_code, reason=token.text)
    access_token: str = token.json()["access_token"]
    me = browser.get(
        f"{portal.url}/api/v2/account/me/",
        headers={"Authorization": f"Bearer {access_token}"},
        timeout=TIMEOUT,
    )
    if not me.ok:
        return LoginResult(ok=False, status=me.status_code, reason=me.text)
    return LoginResult(
        ok=True, status=me.status_code, account=me.json()["username"], access_token=access_token
    )


def _follow_to_code(browser: requests.Session, answer: requests.Response, redirect_uri: str) -> str:
    """Follow redirects until the frontend's own address, which carries the code."""
    for _step in range(10):
        target = urljoin(answer.url, answer.headers["Location"])
        if target.startswith(redirect_uri):
            code = parse_qs(urlsplit(target).query).get("code")
            if code:
                return code[0]
            raise BedError(f"The portal redirected without a code: {target}")
        answer = browser.get(target, timeout=TIMEOUT, allow_redirects=False)
        if not answer.is_redirect:
            raise BedError(f"{target} answered {answer.status_code}: {_text(answer)}")
    raise BedError(f"The portal redirects without end, last to {answer.url}")


def _hidden_fields(form: requests.Response) -> Mapping[str, str]:
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form.text):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") == "hidden" and "name" in attributes:
            fields[attributes["name"]] = html.unescape(attributes.get("value", ""))
    if "csrfmiddlewaretoken" not in fields:
        raise BedError(f"{form.url} is no login form: {_text(form)}")
    return fields


def _text(answer: requests.Response) -> str:
    """The visible words of a page, shortened."""
    body = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", answer.text)
    words = html.unescape(re.sub(r"<[^>]*>", " ", body)).split()
    return " ".join(words)[:500]
