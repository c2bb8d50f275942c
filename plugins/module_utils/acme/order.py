# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One certificate's order at the CA, from the names to the chain (RFC 8555 section 7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .certificate import CertificateError, read_chain, root_of
from .challenge import authorize
from .errors import AcmeError, GarbledError, Problem, ProblemError, during
from .identifier import acme_identifier
from .keys import base64url
from .network import Network
from .reply import Reply
from .responder import Responder
from .waiting import Deadline, poll

# What a CA says of an order that does not depend on the predecessor being named
_NOT_ABOUT_REPLACES = (
    "accountDoesNotExist",
    "externalAccountRequired",
    "rateLimited",
    "userActionRequired",
)


@dataclass(frozen=True)
class OrderOptions:
    """What an order is placed for.

    :ivar names: normalized
    :ivar profile: ``None`` for the CA's default
    :ivar replaces: the ``renewal_id`` of the certificate that this one is to replace (RFC 9773
        section 5), for CAs with renewal information
    """

    names: Sequence[str]
    profile: str | None = None
    replaces: str | None = None


class Order:
    """An order that the CA has accepted."""

    def __init__(
        self, network: Network, names: Sequence[str], reply: Reply, url: str, deadline: Deadline
    ) -> None:
        self._network = network
        self._names = names
        self._deadline = deadline
        self.url = url
        self._adopt(reply)

    @classmethod
    def place(cls, network: Network, options: OrderOptions, deadline: Deadline) -> Order:
        """Order a certificate.

        An order that the CA refuses because of the certificate it replaces is placed once more
        without that: clients that insist run into expiry.

        :param deadline: for everything that is done with the order
        :raises ProblemError: the CA refused
        :raises AcmeError: the CA cannot be reached or is not understood, or lacks the profile
        """
        with during("order"):
            payload = _payload(network, options, deadline)
            url = network.endpoint("newOrder", deadline)
            try:
                reply = network.post(url, payload, deadline, what="the order")
            except ProblemError as error:
                if "replaces" not in payload or not _may_be_about_replaces(error.problem):
                    raise
                del payload["replaces"]
                reply = network.post(url, payload, deadline, what="the order")
            if not reply.location:
                raise AcmeError(
                    "the CA did not say where the order is. Make sure that acme_directory is the"
                    " address of an ACME directory.",
                    problem=Problem(url=url),
                )
            return cls(network, options.names, reply, reply.location, deadline)

    @classmethod
    def resume(
        cls, network: Network, names: Sequence[str], url: str, deadline: Deadline
    ) -> Order | None:
        """Go on with an order that an earlier run has placed.

        :param names: that it was placed for
        :returns: ``None`` if the CA has forgotten it or given it up, or an authorization of it
        :raises AcmeError: the CA cannot be reached or is not understood
        """
        with during("order"):
            try:
                reply = network.post(url, None, deadline, what="to show the order")
                order = cls(network, names, reply, url, deadline)
                return order if order._may_come_to_something() else None
            except ProblemError as error:
                if error.problem.passes:
                    raise
                return None

    @property
    def proved(self) -> bool:
        """Whether every name is proved already."""
        return self._body.get("status") != "pending"

    @property
    def handed_in(self) -> bool:
        """Whether the CA has a signing request for it already."""
        return self._body.get("status") in ("processing", "valid")

    def prove(self, responder: Responder, workers: Executor) -> None:
        """Prove control of every name that the CA does not hold for proved already.

        :param responder: serves the answers to challenges
        :param workers: where the requests of an order with several names run
        :raises ProblemError: names failed; each is in the problem
        :raises AcmeError: the CA cannot be reached or is not understood, the disk is full
        """
        if self.proved:
            return
        with during("authorization"):
            authorize(
                self._network,
                self._names,
                self._authorizations(),
                responder,
                workers,
                self._deadline,
            )

    def finalize(self, signing_request: bytes) -> None:
        """Hand in the signing request, and wait until the certificate is issued.

        :param signing_request: in DER
        :raises ProblemError: the CA refused
        :raises AcmeError: the CA cannot be reached or is not understood
        """
        with during("finalization"):
            request = base64url(signing_request)
            if not self.handed_in:
                self._hand_in(request)
            if not self._issued():
                poll(
                    lambda: self._look(request),
                    self._deadline,
                    what="the certificate",
                    retry_after=self._retry_after,
                    sleep=self._network.sleep,
                )

    def download(self, public_key: bytes, preferred_chain: str | None = None) -> bytes:
        """Return the chain as PEM, leaf first.

        :param public_key: of the certificate that was ordered, as ``public_der`` gives it
        :param preferred_chain: common name of the root that the chain should lead to; without one
            that does and can be had, it is the chain that the CA offers first
        :raises AcmeError: the CA cannot be reached, is not understood, or sent something else
        """
        with during("download"):
            reply = self._download(self._entry("certificate"))
            self._check(reply.body, public_key)
            if preferred_chain is None or root_of(reply.body) == preferred_chain:
                return reply.body
            for url in reply.alternates:
                # The certificate is there already: another chain of it is only a wish.
                with suppress(AcmeError):
                    chain = self._download(url).body
                    self._check(chain, public_key)
                    if root_of(chain) == preferred_chain:
                        return chain
            return reply.body

    def _may_come_to_something(self) -> bool:
        """Say whether neither the order nor one of its authorizations is over.

        Authorizations expire on their own, and others may deactivate them (RFC 8555 section 7.1.6).
        """
        status = self._body.get("status")
        if status != "pending":
            return status in ("ready", "processing", "valid")
        return all(
            self._network.post(url, None, self._deadline, what="to show an authorization")
            .json()
            .get("status")
            in ("pending", "valid")
            for url in self._authorizations()
        )

    def _authorizations(self) -> list[str]:
        urls = self._body.get("authorizations")
        if not isinstance(urls, list):
            raise self._not_understood("authorizations")
        return [str(url) for url in urls]

    def _download(self, url: str) -> Reply:
        return self._network.post(url, None, self._deadline, what="to send the certificate")

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
        self._adopt(self._network.post(self.url, None, self._deadline, what="to show the order"))
        if self._body.get("status") == "ready":
            self._hand_in(request)
        return self._issued() or None, self._retry_after

    def _issued(self) -> bool:
        status = self._body.get("status")
        if status == "invalid":
            problem = Problem.from_json(self._body.get("error"), url=self.url)
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
            problem=Problem(url=self.url),
        )

    def _check(self, chain: bytes, public_key: bytes) -> None:
        try:
            certificate = read_chain(chain)
        except CertificateError as error:
            raise GarbledError(
                f"the CA sent a chain that cannot be used: {error}. Run again later."
            ) from error
        if certificate.public_key != public_key:
            raise AcmeError(
                "the CA sent a certificate for another key. Run again, which places another order;"
                " if this goes on, tell whoever runs the CA."
            )
        if certificate.names != frozenset(self._names):
            raise AcmeError(
                "the CA sent a certificate for other names:"
                f" {', '.join(sorted(certificate.names)) or 'none'}. Ask for those, or tell whoever"
                " runs the CA."
            )


def _may_be_about_replaces(problem: Problem) -> bool:
    # a CA that is busy has asked to be left alone
    return not problem.passes and problem.code not in _NOT_ABOUT_REPLACES


def _payload(network: Network, options: OrderOptions, deadline: Deadline) -> dict[str, Any]:
    payload: dict[str, Any] = {"identifiers": [acme_identifier(name) for name in options.names]}
    if options.profile is not None:
        _check_profile(network, options.profile, deadline)
        payload["profile"] = options.profile
    if options.replaces is not None and network.offers("renewalInfo", deadline):
        payload["replaces"] = options.replaces
    return payload


def _check_profile(network: Network, profile: str, deadline: Deadline) -> None:
    offered = network.meta(deadline).get("profiles")
    names = sorted(map(str, offered)) if isinstance(offered, dict) else []
    if profile not in names:
        raise AcmeError(
            f"the CA has no profile {profile!r}. It offers {', '.join(names) or 'none'}. Change or"
            " leave out profile."
        )
