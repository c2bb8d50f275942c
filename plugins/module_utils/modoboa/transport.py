# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending one request: again where that helps and does no harm, and as slowly as the server asks."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable

from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import no_answer
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.patience import Patience

with suppress(ImportError):  # the client says what is missing
    import requests

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110, 9.2.2
_PASSING_FAULTS = frozenset({502, 503, 504})


class Transport:
    """One session, and how it is used; may be used by threads."""

    def __init__(
        self,
        session: Session,
        *,
        verify: bool | str = True,
        timeout: float = 30.0,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare; nothing is sent yet.

        :param verify: whether to verify certificates, or the path of a CA bundle
        :param timeout: seconds to wait for a connection, and for each part of an answer
        """
        self._session = session
        self._verify = verify
        self._timeout = timeout
        self._patience = patience or Patience()
        self._sleep = sleep

    def exchange(
        self,
        method: str,
        url: str,
        sign: Callable[[PreparedRequest], PreparedRequest],
        *,
        repeatable: bool | None = None,
        **content: Any,
    ) -> Response:
        """Send a request, again where that helps and does no harm, and return the last answer.

        The machinery of urllib3 decides by method alone and knows no bound for Retry-After;
        here the caller knows which writes set an absolute value and may be repeated.

        :param url: the whole address
        :param sign: adds the credentials
        :param repeatable: whether sending it twice is the same as once; by default as the method
            promises
        :param content: ``params``, ``json``, ``data`` or ``files`` as requests takes them
        :raises ModoboaError: no answer
        """
        if repeatable is None:
            repeatable = method in _REPEATABLE
        patience = self._patience
        # Counted apart, since being throttled is usual and says nothing about faults
        faults = throttled = 0
        waited = 0.0
        while True:
            pause: float | None = None
            try:
                response = self._send(method, url, sign, **content)
            except requests.exceptions.RequestException as error:
                if no_answer.is_passing(error, repeatable):
                    faults += 1
                    pause = patience.fault_pause(faults, None)
                if pause is None:
                    raise no_answer.error_of(method, url, error) from error
                self._sleep(pause)
                continue
            asked = response.headers.get("Retry-After")
            if response.status_code == 429:
                throttled += 1
                pause = patience.throttle_pause(throttled, asked, waited)
                waited += pause or 0.0
            elif response.status_code in _PASSING_FAULTS and repeatable:
                faults += 1
                pause = patience.fault_pause(faults, asked)
            if pause is None:
                return response
            self._sleep(pause)

    def _send(
        self,
        method: str,
        url: str,
        sign: Callable[[PreparedRequest], PreparedRequest],
        **content: Any,
    ) -> Response:
        # verify goes with each request: REQUESTS_CA_BUNDLE would override that of the session
        response = self._session.request(
            method,
            url,
            auth=sign,
            verify=self._verify,
            timeout=self._timeout,
            allow_redirects=False,
            **content,
        )
        # urllib3 1 does not look, and Debian 12 has that
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and response.raw.tell() < int(announced) and method != "HEAD":
            raise requests.exceptions.ChunkedEncodingError("the answer is cut short")
        return response
