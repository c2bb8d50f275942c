# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP client of Modoboa's REST API: what every resource's file builds on."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import urljoin, urlsplit

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import answer, errors

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
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110, 9.2.2
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_PASSING_FAULTS = frozenset({502, 503, 504})


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


@dataclass(frozen=True)
class Patience:
    """How long to keep trying; all in seconds, for one request."""

    attempts: int = 4
    first_pause: float = 0.25
    longest_retry_after: float = 120.0
    longest_throttled: float = 300.0

    def pause(self, attempt: int) -> float:
        """Pause after the given attempt, counted from 1: twice as long each time, up to 4 s."""
        return min(self.first_pause * 2.0 ** (attempt - 1), 4.0)


class Client:
    """One server, one set of credentials, one pool of connections; may be used by threads."""

    def __init__(
        self,
        url: str,
        sign: Callable[[PreparedRequest], PreparedRequest],
        *,
        verify: bool | str = True,
        timeout: float = 30.0,
        patience: Patience | None = None,
        session: Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare; nothing is sent yet.

        :param url: address of the server, with or without the path of the API
        :param sign: adds the credentials to a request, see :class:`Credentials`
        :param verify: whether to verify certificates, or the path of a CA bundle
        :param timeout: seconds to wait for a connection, and for each part of an answer
        :raises ServerUnreachableError: the URL is none
        """
        self.url = base_url(url)
        self._sign = sign
        self._verify = verify
        self._timeout = timeout
        self._patience = patience or Patience()
        self._session = session or new_session()
        self._sleep = sleep
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
            if not isinstance(content, dict) or not isinstance(content.get("results"), list):
                raise errors.UnexpectedAnswerError(f"GET /{_API}{path}: the answer is not a list")
            yield from content["results"]
            if not content.get("next") or not content["results"]:
                return
            page += 1

    def send(
        self, method: str, path: str, *, repeatable: bool | None = None, **content: Any
    ) -> Any:
        """Send something and return the JSON of the answer; see :meth:`request`."""
        return answer.decoded(self.request(method, path, repeatable=repeatable, **content))

    def request(
        self, method: str, path: str, *, repeatable: bool | None = None, **content: Any
    ) -> Response:
        """Send a request, again where that helps and does no harm, and return a good answer.

        The machinery of urllib3 decides by method alone and knows no bound for Retry-After;
        here the caller knows which writes set an absolute value and may be repeated.

        :param path: below the API's root, such as ``domains/``
        :param repeatable: whether sending it twice is the same as once; by default as the
            method promises
        :param content: ``params``, ``json``, ``data`` or ``files`` as requests takes them
        :raises ModoboaError: any of them
        """
        url = urljoin(self.url, _API + path)
        if repeatable is None:
            repeatable = method in _REPEATABLE
        attempt = 0
        throttled = 0.0
        while True:
            attempt += 1
            may_repeat = attempt < self._patience.attempts
            try:
                response = self._exchange(method, url, self._sign, **content)
            except requests.exceptions.RequestException as error:
                if not (may_repeat and _is_passing(error, repeatable)):
                    raise _unreachable(method, url, error) from error
                self._sleep(self._patience.pause(attempt))
                continue
            if response.status_code == 429:
                pause = self._throttle_pause(response, attempt)
                throttled += pause or 0.0
                if pause is not None and throttled <= self._patience.longest_throttled:
                    self._sleep(pause)
                    continue
            elif response.status_code in _PASSING_FAULTS and repeatable and may_repeat:
                self._sleep(self._patience.pause(attempt))
                continue
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
        """
        response = self.exchange("GET", urljoin(self.url, address), anonymous)
        return response.content if response.status_code == 200 else None

    def exchange(
        self,
        method: str,
        url: str,
        sign: Callable[[PreparedRequest], PreparedRequest],
        **content: Any,
    ) -> Response:
        """Send one request, once, and return whatever the answer is.

        :raises ServerUnreachableError: no answer
        """
        try:
            return self._exchange(method, url, sign, **content)
        except requests.exceptions.RequestException as error:
            raise _unreachable(method, url, error) from error

    def _exchange(
        self,
        method: str,
        url: str,
        sign: Callable[[PreparedRequest], PreparedRequest],
        **content: Any,
    ) -> Response:
        # verify goes with each request: REQUESTS_CA_BUNDLE would override that of the session
        return self._session.request(
            method,
            url,
            auth=sign,
            verify=self._verify,
            timeout=self._timeout,
            allow_redirects=False,
            **content,
        )

    def _throttle_pause(self, response: Response, attempt: int) -> float | None:
        """How long to wait as asked; None if that is too long.

        Django REST framework cuts the seconds off to a whole number, so that "0" may mean 0.9: a
        little is added. Seven such steps are longer than any second.
        """
        try:
            asked = float(response.headers.get("Retry-After", "0"))
        except ValueError:
            asked = 1.0
        if asked > self._patience.longest_retry_after:
            return None
        return max(asked, 0.0) + self._patience.pause(max(1, attempt - 7))


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


def base_url(url: str) -> str:
    """The server's root, ending in a slash, from what the user wrote.

    :raises ServerUnreachableError: the text is no usable address
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.ServerUnreachableError(
            f"the URL {url!r} is no web address; write it as https://mail.example.org"
        )
    if "@" in parts.netloc:
        raise errors.ServerUnreachableError(
            f"the URL for {parts.hostname!r} contains credentials; give a token instead"
        )
    path = parts.path.rstrip("/")
    if path.endswith("/api/v2"):
        path = path[: -len("/api/v2")]
    return f"{parts.scheme}://{parts.netloc}{path}/"


def _is_passing(error: requests.exceptions.RequestException, repeatable: bool) -> bool:
    """Whether a request that got no answer may be sent again."""
    if isinstance(error, requests.exceptions.SSLError):
        return False
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    if isinstance(error, requests.exceptions.ReadTimeout):
        return False  # a server that is too slow is not helped by asking twice
    return repeatable and isinstance(
        error, (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)
    )


def _unreachable(
    method: str, url: str, error: requests.exceptions.RequestException
) -> errors.ModoboaError:
    parts = urlsplit(url)
    kind: type[errors.ModoboaError] = errors.ServerUnreachableError
    if isinstance(error, requests.exceptions.SSLError):
        advice = "cannot verify the server over TLS; for a CA of your own, name its file as ca_path"
    elif isinstance(error, requests.exceptions.Timeout):
        advice = "no answer within the timeout"
        if isinstance(error, requests.exceptions.ReadTimeout):
            kind = errors.ServerUnavailableError
    else:
        advice = "cannot reach the server; check the URL, and that the server runs"
    return kind(
        f"{method} {parts.path} at {parts.scheme}://{parts.netloc}: {advice} ({_reason(error)})"
    )


def _reason(error: BaseException) -> str:
    """The innermost cause in its own words; the outer ones print memory addresses."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        inner = getattr(cause, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in cause.args if isinstance(arg, BaseException)), None)
        cause = inner or cause.__cause__ or cause.__context__
    last = next((each for each in reversed(seen) if isinstance(each, OSError)), seen[-1])
    text = getattr(last, "verify_message", None) or getattr(last, "strerror", None)
    return str(text or type(last).__name__)
