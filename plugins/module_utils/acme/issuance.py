# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Issuing one certificate, from the look at its names to the published pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from .account import Account
from .certificate import Certificate, root_of
from .errors import (
    AcmeError,
    GarbledError,
    OutOfTimeError,
    ProblemError,
    UnreachableError,
    during,
)
from .keys import PrivateKey, key_to_pem, key_type_of, make_key, public_der
from .memory import Memory
from .network import Network
from .open_order import OpenOrder, OpenOrderFolder
from .order import Order, OrderOptions
from .probe import Probe
from .renewal_information import RenewalInformation
from .request import CertificateRequest
from .responder import Responder
from .signing_request import make_signing_request
from .state import Origin
from .store import CertificateStore, Stored
from .waiting import Deadline

# What cannot be understood after that many runs will not be understood in the next one either
_GARBLED_AT_MOST = 5


@dataclass(frozen=True)
class Ways:
    """How names are proved.

    :ivar responders: for each challenge that the task says how to answer
    :ivar probes: what looks at names before the CA does, for the same challenges; none if that is
        not wanted
    """

    responders: Mapping[str, Responder]
    probes: Mapping[str, Probe]

    @property
    def warnings(self) -> list[str]:
        """What went wrong without harm to a certificate."""
        return [warning for each in self.responders.values() for warning in each.warnings]


@dataclass(frozen=True)
class Material:
    """What an order's signing request is made from.

    :ivar key: ``None`` if it is somewhere else
    :ivar signing_request: in DER
    :ivar public_key: as ``public_der`` gives it
    """

    key: PrivateKey | None
    signing_request: bytes
    public_key: bytes


class Issuer:
    """Issues certificates with one account, and puts them into one store."""

    def __init__(
        self,
        directory: str,
        account: Account,
        store: CertificateStore,
        network: Network,
        ways: Ways,
        renewal_information: RenewalInformation,
        now: Callable[[], datetime],
    ) -> None:
        self._directory = directory
        self._account = account
        self._store = store
        self._network = network
        self._ways = ways
        self._renewal_information = renewal_information
        self._now = now

    def issue(
        self, request: CertificateRequest, stored: Stored, workers: Executor, deadline: Deadline
    ) -> list[str]:
        """Issue a certificate and publish it. Call it with the certificate's lock held.

        An order that an interrupted run has left is picked up. One that fails for a while only
        stays for the next run.

        :param stored: what is there now
        :param workers: where the requests of an order with several names run
        :param deadline: for everything
        :returns: warnings for the reader
        :raises AcmeError: the certificate could not be issued; what was there is still there
        :raises OSError: the same, for want of disk space or rights
        """
        folder = self._store.order(request.folder)
        try:
            order = self._resume(request, stored, folder, deadline)
            if order is None or not order.proved:
                # it has a time of its own
                with deadline.standing_still():
                    self._probe(request, workers)
            handed_in = order is not None and order.handed_in
            material = self._material(request, stored, folder, handed_in)
            if order is None:
                order = self._place(request, stored, folder, deadline)
            order.prove(self._ways.responders[request.challenge], workers)
            order.finalize(material.signing_request)
            chain = order.download(material.public_key, request.preferred_chain)
        except AcmeError as error:
            if not _passes(error, stored):
                # what cannot be removed now is refused, and removed, in the next run
                with suppress(OSError):
                    folder.discard()
            raise
        certificate = self._publish(request, material, chain, order.url)
        # From here on nothing may fail: whoever serves the certificate has to be told of it.
        with suppress(OSError):
            folder.discard()
        with suppress(OSError):
            self._remember(request, certificate, deadline)
        return _warnings(request, chain)

    def _resume(
        self,
        request: CertificateRequest,
        stored: Stored,
        folder: OpenOrderFolder,
        deadline: Deadline,
    ) -> Order | None:
        left = folder.read()
        if left is None:
            return None
        wanted = (request.terms(self._directory), self._network.account_url)
        # the run may have been interrupted after it had published the certificate
        published = stored.origin is not None and stored.origin.order == left.url
        if (left.terms, left.account) == wanted and not published:
            order = Order.resume(self._network, request.names, left.url, deadline)
            own_key = request.csr is None and not request.reuse_key
            if order is not None and not (own_key and order.handed_in and folder.key() is None):
                return order
        folder.discard()
        return None

    def _probe(self, request: CertificateRequest, workers: Executor) -> None:
        probe, key = self._ways.probes.get(request.challenge), self._network.account_key
        if probe is None or key is None:
            return
        with during("probe"):
            # One name, the usual case, needs no other thread.
            run = workers.map if len(request.names) > 1 else map
            probe.look(request.names, key.thumbprint, run)

    def _material(
        self,
        request: CertificateRequest,
        stored: Stored,
        folder: OpenOrderFolder,
        handed_in: bool,
    ) -> Material:
        if request.csr is not None:
            return Material(None, request.csr.der, request.csr.public_key)
        keys = [self._reusable_key(request, stored), _fitting(folder.key(), request)]
        if handed_in:
            # it can only be finished with the key of then
            keys.reverse()
        key = next((each for each in keys if each is not None), None)
        if key is None:
            key = make_key(request.key_type)
            folder.keep_key(key)
        return Material(key, make_signing_request(key, request.names), public_der(key.public_key()))

    def _reusable_key(self, request: CertificateRequest, stored: Stored) -> PrivateKey | None:
        if not request.reuse_key or stored.certificate is None:
            return None
        return _fitting(self._store.key(request.folder), request)

    def _place(
        self,
        request: CertificateRequest,
        stored: Stored,
        folder: OpenOrderFolder,
        deadline: Deadline,
    ) -> Order:
        forgotten = self._network.account_url
        try:
            order = Order.place(self._network, self._order_options(request, stored), deadline)
        except ProblemError as error:
            with during("account"):
                self._account.explain(error, self._network, deadline)
                if error.problem.code != "accountDoesNotExist":
                    raise
                self._account.renew(forgotten, self._network, deadline)
            order = Order.place(self._network, self._order_options(request, stored), deadline)
        account = self._network.account_url or ""
        folder.keep_order(OpenOrder(order.url, request.terms(self._directory), account))
        return order

    def _order_options(self, request: CertificateRequest, stored: Stored) -> OrderOptions:
        certificate, origin = stored.certificate, stored.origin
        replaces = None
        if (
            certificate is not None
            and origin is not None
            and (origin.directory, origin.account) == (self._directory, self._network.account_url)
            and certificate.names & frozenset(request.names)
        ):
            replaces = certificate.renewal_id
        return OrderOptions(request.names, request.profile, replaces)

    def _publish(
        self, request: CertificateRequest, material: Material, chain: bytes, order: str
    ) -> Certificate:
        now = self._now().replace(microsecond=0)
        origin = Origin(
            directory=self._directory,
            account=self._network.account_url,
            profile=request.profile,
            key_elsewhere=material.key is None,
            order=order,
            published=now,
        )
        key = key_to_pem(material.key) if material.key is not None else None
        return self._store.publish(request.folder, chain, key, origin, now)

    def _remember(
        self, request: CertificateRequest, certificate: Certificate, deadline: Deadline
    ) -> None:
        # right after issuance, as RFC 9773 section 4.3.2 wants it
        suggestion = self._renewal_information.ask(certificate, None, self._now(), deadline)
        self._store.remember(request.folder, Memory(suggestion=suggestion))


def _fitting(key: PrivateKey | None, request: CertificateRequest) -> PrivateKey | None:
    if key is not None and key_type_of(key.public_key()) == request.key_type:
        return key
    return None


def _passes(error: AcmeError, stored: Stored) -> bool:
    """Say whether the order may still come to something in another run."""
    if isinstance(error, GarbledError):
        before = stored.memory.failure
        return before is None or before.step != error.step or before.count < _GARBLED_AT_MOST
    if error.step == "directory":
        return True
    if isinstance(error, ProblemError):
        return error.problem.passes
    return isinstance(error, (UnreachableError, OutOfTimeError))


def _warnings(request: CertificateRequest, chain: bytes) -> list[str]:
    wanted = request.preferred_chain
    if wanted is None:
        return []
    root = root_of(chain)
    if root == wanted:
        return []
    return [f"{request.name}: the CA offers no chain to {wanted}; the one to {root} was taken."]
