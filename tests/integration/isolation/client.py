# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to the portals: nothing is kept from one request to the next, and every header is the test's."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from bed.bed import Bed
from bed.ports import LOOPBACK

TIMEOUT = 60
# Of the form and of the cookie: Django compares these two
CSRF = "c" * 32


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str]

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is something else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def location(self) -> str:
        """Where it leads to."""
        return self.headers.get("location", "")

    @property
    def code(self) -> str:
        """The authorization code in the address that it leads to."""
        return parse_qs(urlsplit(self.location).query).get("code", [""])[0]


class Portals:
    """All hostnames of a bed. Each thread has its own connections."""

    def __init__(self, bed: Bed) -> None:
        self.port = bed.nginx.https_port
        self.client_id = client_id(bed)
        self._context = ssl.create_default_context(cafile=str(bed.modoboa.ca_path))
        self._context.load_verify_locations(cadata=bed.acme.issuer_roots())
        self._local = threading.local()

    def authority(self, host: str) -> str:
        """The host with its port, as browsers write it."""
        return f"{host}:{self.port}"

    def get(
        self, host: str, path: str, session: str = "", bearer: str = "", **query: str
    ) -> Answer:
        """Get an address."""
        path = f"{path}?{urlencode(query)}" if query else path
        return self.send("GET", host, path, _headers(session, bearer))

    def post(
        self, host: str, path: str, form: Mapping[str, str], session: str = "", bearer: str = ""
    ) -> Answer:
        """Send a form, as a page of that host would."""
        headers = _headers(session, bearer)
        headers["Cookie"] = "; ".join(filter(None, (headers.get("Cookie"), f"csrftoken={CSRF}")))
        headers["Referer"] = f"https://{self.authority(host)}{path}"
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode({"csrfmiddlewaretoken": CSRF, **form}).encode()
        return self.send("POST", host, path, headers, body)

    def send(
        self, method: str, host: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Send a request to where a host is served."""
        connection = self._connection(host)
        try:
            return _exchange(connection, method, path, headers, body)
        except (http.client.HTTPException, ConnectionError):
            # Kept alive for too long, or nginx was told something new
            connection.close()
            return _exchange(connection, method, path, headers, body)

    def socket(self, host: str) -> ssl.SSLSocket:
        """A connection to where a host is served, for requests that no library would send."""
        plain = socket.create_connection((LOOPBACK, self.port), TIMEOUT)
        return self._context.wrap_socket(plain, server_hostname=host)

    def _connection(self, host: str) -> http.client.HTTPSConnection:
        connections: dict[str, http.client.HTTPSConnection] = self._local.__dict__
        if host not in connections:
            connections[host] = _Loopback(host, self.port, context=self._context, timeout=TIMEOUT)
        return connections[host]


class _Loopback(http.client.HTTPSConnection):
    def connect(self) -> None:
        plain = socket.create_connection((LOOPBACK, self.port), TIMEOUT)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)  # type: ignore[attr-defined]


def client_id(bed: Bed) -> str:
    """The frontend's OAuth client."""
    config = (bed.modoboa.directory / "frontend" / "config.json").read_text()
    found: str = json.loads(config)["OAUTH_CLIENT_ID"]
    return found


def read(raw: bytes) -> tuple[int, str]:
    """Status and body of an answer as it came over the wire."""
    head, _blank, body = raw.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.[01] (\d+)", head)
    return int(status[1]) if status else 0, body.decode(errors="replace")


def _headers(session: str, bearer: str) -> dict[str, str]:
    headers = {}
    if session:
        headers["Cookie"] = f"sessionid={session}"
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    return headers


def _exchange(
    connection: http.client.HTTPSConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Answer:
    connection.request(method, path, body or None, dict(headers))
    response = connection.getresponse()
    found = {key.lower(): value for key, value in response.getheaders()}
    cookies: dict[str, str] = {}
    for key, value in response.getheaders():
        if key.lower() == "set-cookie":
            cookies.update({name: morsel.value for name, morsel in SimpleCookie(value).items()})
    return Answer(response.status, found, response.read(), cookies)
