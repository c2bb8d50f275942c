# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripted exchanges: which requests have to come, in which order, and what each is answered.

They sit below requests, where the socket would be, so that any fault can be shown.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import requests
import requests.adapters
import urllib3
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import (
    Client,
    Credentials,
    new_session,
)

URL = "https://mail.test"
TOKEN = "planted-secret-token"


@dataclass(frozen=True)
class Answer:
    """What the server answers; ``body`` is text, bytes, or anything else as JSON."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)

    def response(self, request: requests.PreparedRequest) -> requests.Response:
        """The answer as requests hands it on."""
        headers = {"Content-Type": "application/json"}
        content = self.body
        if isinstance(content, str):
            headers = {"Content-Type": "text/html; charset=utf-8"}
            content = content.encode()
        elif not isinstance(content, bytes):
            content = json.dumps(content).encode()
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(content),
            headers={**headers, **self.headers},
            status=self.status,
            preload_content=False,
        )
        return requests.adapters.HTTPAdapter().build_response(request, raw)


@dataclass(frozen=True)
class Exchange:
    """One request that has to come, and its answer or the fault that happens instead."""

    method: str
    path: str
    answer: Answer | Exception = field(default_factory=Answer)
    sent: Any = None


class Script(requests.adapters.BaseAdapter):
    """Plays exchanges, and remembers what it saw."""

    def __init__(self, *exchanges: Exchange) -> None:
        super().__init__()
        self._exchanges = list(exchanges)
        self.requests: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []
        self.pauses: list[float] = []

    def send(  # type: ignore[override] # the options are looked at all together
        self, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        """Answer a request with the next exchange."""
        assert self._exchanges, f"unexpected {request.method} {request.url}"
        exchange = self._exchanges.pop(0)
        url = exchange.path if "://" in exchange.path else URL + exchange.path
        assert (request.method, request.url) == (exchange.method, url)
        if exchange.sent is not None:
            assert json.loads(request.body or "null") == exchange.sent
        self.requests.append(request)
        self.options.append(options)
        if isinstance(exchange.answer, Exception):
            raise exchange.answer
        return exchange.answer.response(request)

    def close(self) -> None:
        """Nothing is open."""

    def finished(self) -> bool:
        """Whether everything in the script has happened."""
        return not self._exchanges

    def session(self) -> requests.Session:
        """A session whose requests all end here."""
        session = new_session()
        session.mount("https://", self)
        session.mount("http://", self)
        return session

    def client(self, **options: Any) -> Client:
        """A client that talks to this script, and does not really wait."""
        options.setdefault("session", self.session())
        return Client(URL, Credentials("Token", TOKEN), sleep=self.pauses.append, **options)


def page(*results: Any, more: bool = False) -> Answer:
    """A page of a list."""
    following = "http://internal/?page=2" if more else None
    return Answer(body={"count": 9, "next": following, "previous": None, "results": results})
