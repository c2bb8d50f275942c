# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed requests to one ACME server: nonces, retries, and errors that say what happened."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from .connections import adapter
from .errors import AcmeError, GarbledError, ProblemError, during
from .keys import AccountKey
from .reply import Reply, read_reply
from .trust import Trust
from .unreachable import may_pass, unreachable
from .waiting import Deadline

with suppress(ImportError):  # libraries.py says what is missing
    import josepy
    import requests
    from acme import jws

_USER_AGENT = "ansible-collection-mailhost.modoboa (acme_cert)"
# With half of all nonces refused, one request in a thousand million fails for good.
_NONCE_ATTEMPTS = 30
# A connection that the CA closed while it was idle, a restart of the CA.
_CONNECTION_ATTEMPTS = 3
_UNAVAILABLE_ATTEMPTS = 5
_LONGEST_RETRY_AFTER = 60.0
_FIRST_BACKOFF = 0.2


class Network:
    """One connection pool and one nonce pool, shared by all threads.

    ``account_url`` is set once the account is known; from then on requests name it (RFC 8555
    section 6.2).
    """

    def __init__(
        self,
        directory_url: str,
        *,
        trust: Trust,
        timeout: float,
        connections: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.account_key: AccountKey | None = None
        self.account_url: str | None = None
        self.sleep = sleep
        self.session = requests.Session()
        # Left to itself, requests reads the whole environment for each request, lets its
        # REQUESTS_CA_BUNDLE overrule a given CA file, and sends passwords from ~/.netrc.
        self.session.trust_env = False
        self._verify = trust.verify()
        self._proxies: dict[str, dict[str, str]] = {}
        shared = adapter(connections)
        self.session.mount("https://", shared)
        self.session.mount("http://", shared)
        self._directory_url = directory_url
        self._directory: dict[str, Any] | None = None
        self._directory_error: AcmeError | None = None
        self._directory_lock = threading.Lock()
        self._timeout = timeout
        self._nonces: deque[str] = deque(maxlen=4 * connections)

    def endpoint(self, name: str, deadline: Deadline) -> str:
        """Return the URL of a directory entry, such as ``newOrder`` (RFC 8555 section 7.1.1).

        :raises AcmeError: the directory cannot be had or lacks the entry
        """
        entry = self._read_directory(deadline).get(name)
        if not isinstance(entry, str):
            raise AcmeError(
                f"{self._directory_url} has no entry {name}. Make sure that acme_directory is the"
                " address of an ACME directory."
            )
        return entry

    def offers(self, name: str, deadline: Deadline) -> bool:
        """Say whether the directory has an entry, such as ``renewalInfo`` (RFC 9773 section 3).

        :raises AcmeError: the directory cannot be had
        """
        return isinstance(self._read_directory(deadline).get(name), str)

    def meta(self, deadline: Deadline) -> dict[str, Any]:
        """Return what the directory says of the CA itself (RFC 8555 section 7.1.1, ``meta``).

        :raises AcmeError: the directory cannot be had
        """
        meta = self._read_directory(deadline).get("meta")
        return meta if isinstance(meta, dict) else {}

    def get(self, url: str, deadline: Deadline) -> Reply:
        """Ask without a signature, and return the answer whatever its status.

        A CA that is busy is not asked again: who asks for something that can wait, waits.

        :raises AcmeError: the CA cannot be reached
        """
        return self._persist(lambda: self._send("GET", url), deadline, attempts=1)

    def _read_directory(self, deadline: Deadline) -> dict[str, Any]:
        # Once a run, also when it fails: hundreds of certificates must not wait for it in turn.
        with self._directory_lock:
            if self._directory_error is not None:
                raise self._directory_error
            if self._directory is None:
                try:
                    self._directory = self._fetch_directory(deadline)
                except AcmeError as error:
                    self._directory_error = error
                    raise
            return self._directory

    def _fetch_directory(self, deadline: Deadline) -> dict[str, Any]:
        with during("directory"):
            reply = self._persist(lambda: self._send("GET", self._directory_url), deadline)
            if reply.status >= 400:
                raise ProblemError(
                    f"{self._directory_url} is not an ACME directory that can be read. Check"
                    " acme_directory. The CA answered",
                    reply.problem(),
                )
            return reply.json()

    def post(
        self,
        url: str,
        payload: Mapping[str, Any] | None,
        deadline: Deadline,
        *,
        what: str,
        key: AccountKey | None = None,
    ) -> Reply:
        """Send a signed request (RFC 8555 section 6.2) and return what the CA answered.

        :param payload: ``None`` fetches a resource (POST-as-GET, section 6.3)
        :param what: the deed in a few words that hold nothing random, for the error
        :param key: signs for itself, without naming an account (a new account, a revocation)
        :raises ProblemError: the CA refused
        :raises AcmeError: the CA cannot be reached or is not understood
        """
        content = b"" if payload is None else json.dumps(payload).encode()
        nonce: str | None = None
        for _attempt in range(_NONCE_ATTEMPTS):
            send = partial(self._post_once, url, content, key, nonce, deadline)
            reply = self._persist(send, deadline)
            if reply.status < 400:
                return reply
            problem = reply.problem()
            if problem.code != "badNonce":
                break
            # the refusal carries a fresh nonce, likelier to be good than the pooled ones
            nonce = self._take_nonce()
        raise ProblemError(f"the CA refused {what}", problem)

    def _post_once(
        self,
        url: str,
        content: bytes,
        key: AccountKey | None,
        nonce: str | None,
        deadline: Deadline,
    ) -> Reply:
        signer = key or self.account_key
        if signer is None:
            raise AcmeError("there is no account key to sign with")
        signed = jws.JWS.sign(
            content,
            key=signer.jwk,
            alg=signer.algorithm,
            nonce=josepy.decode_b64jose(nonce or self._take_nonce() or self._new_nonce(deadline)),
            url=url,
            kid=None if key else self.account_url,
        )
        return self._send("POST", url, signed.json_dumps().encode())

    def _take_nonce(self) -> str | None:
        # the newest first: the CA forgets the old ones
        try:
            return self._nonces.pop()
        except IndexError:
            return None

    def _new_nonce(self, deadline: Deadline) -> str:
        url = self.endpoint("newNonce", deadline)
        for _attempt in range(_NONCE_ATTEMPTS):
            reply = self._persist(lambda: self._send("HEAD", url), deadline)
            if reply.status >= 400:
                raise ProblemError(f"the CA gives no nonce at {url}", reply.problem())
            nonce = self._take_nonce()
            if nonce:
                return nonce
        raise GarbledError(f"the CA gives no nonce at {url}. Run again later.")

    def _persist(
        self, send: Callable[[], Reply], deadline: Deadline, attempts: int = _UNAVAILABLE_ATTEMPTS
    ) -> Reply:
        """Repeat what fails for a moment only: dropped connections, 429, 5xx."""
        unavailable = disconnected = 0
        while True:
            try:
                reply = send()
            except requests.RequestException as error:
                disconnected += 1
                wait = _FIRST_BACKOFF * 2.0**disconnected
                if (
                    disconnected >= _CONNECTION_ATTEMPTS
                    or not may_pass(error)
                    or wait > deadline.remaining()
                ):
                    raise unreachable(error, self._directory_url, self._timeout) from error
            else:
                if reply.status != 429 and reply.status < 500:
                    return reply
                unavailable += 1
                wait = _FIRST_BACKOFF * 2.0**unavailable
                if reply.retry_after is not None:
                    # zero, or a date that this host's clock has passed, is no reason to hurry
                    wait = max(wait, reply.retry_after)
                if (
                    unavailable >= attempts
                    or wait > min(_LONGEST_RETRY_AFTER, deadline.remaining())
                    or (reply.status == 429 and reply.retry_after is None)
                ):
                    return reply
            self.sleep(wait)

    def _send(self, method: str, url: str, body: bytes | None = None) -> Reply:
        headers = {"User-Agent": _USER_AGENT, "Accept-Language": "en"}
        if body is not None:
            headers["Content-Type"] = "application/jose+json"
        # Session.request would merge settings into each request that the session does not have
        request = requests.Request(method, url, headers, data=body).prepare()
        # Only a page that is fetched may redirect (RFC 8555 section 6.2 signs the URL), and what
        # the session does beyond that takes a fifth of the time of a request
        send = self.session.send if method == "GET" else self.session.get_adapter(url).send
        try:
            response = send(
                request,
                timeout=self._timeout,
                proxies=self._proxies_for(url),
                verify=self._verify,
            )
            content = response.content
        except requests.RequestException as error:
            error.request = error.request or request
            raise
        nonce = response.headers.get("Replay-Nonce")
        if nonce and _is_base64url(nonce):
            self._nonces.append(nonce)
        return read_reply(url, response, content)

    def _proxies_for(self, url: str) -> dict[str, str]:
        host = urlsplit(url).netloc
        if host not in self._proxies:
            self._proxies[host] = dict(requests.utils.get_environ_proxies(url))
        return self._proxies[host]


def _is_base64url(text: str) -> bool:
    try:
        josepy.decode_b64jose(text)
    except josepy.DeserializationError:
        return False
    return True
