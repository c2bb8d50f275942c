# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP client of Modoboa's REST API: what every resource's file builds on."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import urljoin

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import answer, errors
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.address import base_url
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.transport import Transport

try:
    import requests
    from requests.adapters import HTTPAdapter
except ImportError:
    MISSING_REQUESTS: str | None = traceback.format_exc()
else:
    MISSING_REQUESTS = None

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

CONNECTIONS = 4
"""How many requests may be under way at once; Modoboa has few workers."""

_API = "api/v2/"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Credentials:
    """Puts one Authorization header on each request.

    Given to requests as its authentication, not as a header: otherwise a ~/.netrc that names the
    host would silently replace it.
    """

    def __init__(self, scheme: str, token: str) -> None:
        """``scheme`` is ``Token`` for an API token, ``Bearer`` for an OAuth 2 one."""
        self._value = f"{scheme} {token}"

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request."""
        request.headers["Authorization"] = self._value
        return request


def anonymous(request: PreparedRequest) -> PreparedRequest:
    """Sign nothing, and keep requests from looking into ~/.netrc."""
    return request


class Client:
    """One server, one set of credentials, one pool of connections; may be used by threads."""

    def __init__(
        self,
        url: str,
        sign: Callable[[PreparedRequest], PreparedRequest],
        *,
        session: Session | None = None,
        **options: Any,
    ) -> None:
        """Prepare; nothing is sent yet.

        :param url: address of the server, with or without the path of the API
        :param sign: adds the credentials to a request, see :class:`Credentials`
        :param session: another than :func:`new_session` makes
        :param options: ``verify``, ``timeout`` and the rest, see :class:`Transport`
        :raises ServerUnreachableError: the URL is none
        """
        self.url = base_url(url)
        self._sign = sign
        self._transport = Transport(session or new_session(), **options)
        self.has_written = False
        """Whether the server has accepted any write so far."""
        self._offered: dict[str, frozenset[str]] = {}

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at a path below the API's root."""
        return answer.decoded(self.request("GET", path, params=params))

    def pages(self, path: str, page_size: int, **params: Any) -> Iterator[dict[str, Any]]:
        """All entries of a list, whichever of Modoboa's two kinds of list it is.

        Pages are counted here instead of following ``next``: behind a proxy that does not pass
        on the scheme, that address is one without TLS.
        """
        page = 1
        before: list[Any] = []
        while True:
            try:
                content = self.get(path, page=page, page_size=page_size, **params)
            except errors.NotFoundError:
                if page == 1:
                    raise
                return  # the list has become shorter meanwhile
            if isinstance(content, list):
                yield from content
                return
            entries = content.get("results") if isinstance(content, dict) else None
            if not isinstance(entries, list):
                raise errors.UnexpectedAnswerError(f"GET /{_API}{path}: the answer is not a list")
            if entries and entries == before:
                raise errors.UnexpectedAnswerError(
                    f"GET /{_API}{path}: page {page} is the same as the page before it"
                )
            yield from entries
            if not content.get("next") or not entries:
                return
            before = entries
            page += 1

    def send(
        self, method: str, path: str, *, repeatable: bool | None = None, **content: Any
    ) -> Any:
        """Send something and return the JSON of the answer; see :meth:`request`."""
        return answer.decoded(self.request(method, path, repeatable=repeatable, **content))

    def request(
        self, method: str, path: str, *, repeatable: bool | None = None, **content: Any
    ) -> Response:
        """Send a request below the API's root, and return a good answer.

        :param path: below the API's root, such as ``domains/``
        :param repeatable: whether sending it twice is the same as once; by default as the
            method promises
        :param content: ``params``, ``json``, ``data`` or ``files`` as requests takes them
        :raises ModoboaError: any of them
        """
        url = urljoin(self.url, _API + path)
        response = self._transport.exchange(
            method, url, self._sign, repeatable=repeatable, **content
        )
        if not 200 <= response.status_code < 300:
            raise answer.error_of(response)
        self.has_written = self.has_written or method not in _READING
        return response

    def allowed_methods(self, path: str) -> frozenset[str]:
        """The methods that the server offers at a path; none if there is nothing."""
        try:
            response = self.request("OPTIONS", path)
        except errors.NotFoundError:
            return frozenset()
        allowed = response.headers.get("Allow", "")
        return frozenset(method.strip().upper() for method in allowed.split(","))

    def offers(self, path: str, method: str) -> bool:
        """Whether the server has what the published contract lacks; asked once for each path.

        A server without it may take the last part of a path for the key of something else, so it
        is the method that tells.

        :param path: below the API's root, such as ``virtualhosts/bulk/``
        :param method: the method that is wanted there
        :raises ModoboaError: the server does not say
        """
        if path not in self._offered:
            self._offered[path] = self.allowed_methods(path)
        return method in self._offered[path]

    def download(self, address: str) -> bytes | None:
        """The content of a public file such as a logo, without credentials.

        :param address: absolute, or relative to the server
        :returns: None if there is no such file
        :raises ServerUnreachableError: no answer
        :raises UnexpectedAnswerError: neither a file, nor word that there is none
        """
        response = self._transport.exchange("GET", urljoin(self.url, address), anonymous)
        if response.status_code == 200:
            return response.content
        if response.status_code in (404, 410):
            return None
        raise errors.UnexpectedAnswerError(
            f"{answer.request_line(response)}: no file, but {response.status_code}:"
            f" {answer.words(response)}"
        )


def new_session() -> Session:
    """A session that says who it is and asks for English: labels and errors are compared."""
    session = requests.Session()
    session.headers.update(
        {
            "Accept": "application/json",
            "Accept-Language": "en",
            "User-Agent": "mailhost.modoboa",
        }
    )
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
