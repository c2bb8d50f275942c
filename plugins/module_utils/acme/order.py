# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One certificate's order at the CA, from the names to the chain (RFC 8555 section 7.4)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from concurrent.futures import Executor

from .certificate import CertificateError, read_chain, signing_request
from .challenge import authorize
from .errors import AcmeError, Problem, ProblemError, during
from .keys import PrivateKey, public_der
from .network import Network, Reply
from .responder import Responder
from .waiting import Deadline, poll


class Order:
    """An order that the CA has accepted."""

    def __init__(
        self, network: Network, names: Sequence[str], reply: Reply, deadline: Deadline
    ) -> None:
        self._network = network
        self._names = names
        self._deadline = deadline
        self._url = reply.location
        self._adopt(reply)

    @classmethod
    def place(cls, network: Network, names: Sequence[str], deadline: Deadline) -> Order:
        """Order a certificate for these DNS names.

        :param deadline: for everything that is done with the order
        :raises ProblemError: the CA refused
        :raises AcmeError: the CA cannot be reached or is not understood
        """
        payload = {"identifiers": [{"type": "dns", "value": name} for name in names]}
        with during("order"):
            url = network.endpoint("newOrder", deadline)
            reply = network.post(url, payload, deadline, what="the order")
            return cls(network, names, reply, deadline)

    def prove(self, responder: Responder, workers: Executor) -> None:
        """Prove control of every name that the CA does not hold for proved already.

        :param responder: serves the answers to challenges
        :param workers: where the requests of an order with several names run
        :raises ProblemError: names failed; each is in the problem
        :raises AcmeError: the CA cannot be reached or is not understood, the disk is full
        """
        with during("authorization"):
            urls = self._body.get("authorizations")
            if not isinstance(urls, list):
                raise self._not_understood("authorizations")
            authorize(self._network, [str(url) for url in urls], responder, workers, self._deadline)

    def finalize(self, key: PrivateKey) -> bytes:
        """Hand in the signing request and return the chain as PEM, leaf first.

        :param key: of the new certificate
        :raises ProblemError: the CA refused
        :raises AcmeError: the CA cannot be reached, is not understood, or sent something else
        """
        with during("finalization"):
            request = urlsafe_b64encode(signing_request(key, self._names)).rstrip(b"=").decode()
            self._hand_in(request)
            if not self._issued():
                poll(
                    lambda: self._look(request),
                    self._deadline,
                    what="the certificate",
                    retry_after=self._retry_after,
                    sleep=self._network.sleep,
                )
        with during("download"):
            url = self._entry("certificate")
            reply = self._network.post(url, None, self._deadline, what="to send the certificate")
            self._check(reply.body, key)
            return reply.body

    def _hand_in(self, request: str) -> None:
        try:
            self._adopt(
                self._network.post(
                    self._entry("finalize"),
                    {"csr": request},
                    self._deadline,
                    what="the signing request",
                )
            )
        except ProblemError as error:
            # Either the CA has not counted the authorizations together yet, or the answer to an
            # earlier attempt got lost: the order itself knows.
            if error.problem.code != "orderNotReady":
                raise
            self._retry_after = error.problem.retry_after

    def _look(self, request: str) -> tuple[bool | None, float | None]:
        if self._url is None:
            raise self._not_understood("Location")
        self._adopt(self._network.post(self._url, None, self._deadline, what="to show the order"))
        if self._body.get("status") == "ready":
            self._hand_in(request)
        return self._issued() or None, self._retry_after

    def _issued(self) -> bool:
        status = self._body.get("status")
        if status == "invalid":
            problem = Problem.from_json(self._body.get("error"), url=self._url)
            raise ProblemError("the CA gave the order up", problem)
        return status == "valid"

    def _adopt(self, reply: Reply) -> None:
        self._body, self._retry_after = reply.json(), reply.retry_after

    def _entry(self, name: str) -> str:
        value = self._body.get(name)
        if not isinstance(value, str):
            raise self._not_understood(name)
        return value

    def _not_understood(self, name: str) -> AcmeError:
        return AcmeError(
            f"the CA's answer lacks {name}. Make sure that acme_directory is the address of an"
            " ACME directory.",
            problem=Problem(url=self._url),
        )

    def _check(self, chain: bytes, key: PrivateKey) -> None:
        try:
            certificate = read_chain(chain)
        except CertificateError as error:
            raise AcmeError(f"the CA sent a chain that cannot be used: {error}") from error
        if certificate.public_key != public_der(key.public_key()):
            raise AcmeError("the CA sent a certificate for another key")
        if certificate.names != frozenset(self._names):
            raise AcmeError(
                "the CA sent a certificate for other names:"
                f" {', '.join(sorted(certificate.names)) or 'none'}"
            )
