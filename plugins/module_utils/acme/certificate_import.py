# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publish certificates that another host has issued and handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..items import change
from .certificate import Certificate
from .errors import AcmeError, as_acme_error, during
from .identifier import folder_name, normalized
from .moment import moment_of, timestamp
from .recipient import Recipient
from .store import CertificateStore
from .travelling_pair import TravellingPair, checked, fingerprint_of, unpack

_AT_ONCE = 8


@dataclass(frozen=True)
class Offer:
    """What the other host says of a certificate that it hands out.

    :ivar fingerprint: of the pair; ``None`` in check mode if it would still have to be issued
    """

    name: str
    fingerprint: str | None = None
    serial: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Offer:
        """Read an offer as the other host wrote it.

        :raises AcmeError: a moment in it is none
        """
        try:
            begins, ends = (
                moment_of(item[key]) if item[key] is not None else None
                for key in ("not_before", "not_after")
            )
        except ValueError as error:
            raise AcmeError(f"offered: {error}.") from error
        return cls(item["name"], item["fingerprint"], item["serial"], begins, ends)


@dataclass
class Arrival:
    """One certificate of a delivery, and what became of it."""

    offer: Offer
    before: Certificate | None = None
    changed: bool = False
    error: AcmeError | None = None

    def result(self) -> dict[str, Any]:
        """Return its entry in the module's result."""
        offer = self.offer
        taken = self.changed and offer.serial is not None
        shown = self.before
        return {
            "name": offer.name,
            "changed": self.changed,
            "failed": self.error is not None,
            "error": str(self.error) if self.error else None,
            "renewed": self.changed and not self._is_here(),
            "serial": offer.serial if taken else shown.serial if shown else None,
            "not_after": _text(offer.not_after if taken else shown.not_after if shown else None),
        }

    def _is_here(self) -> bool:
        """Whether there is the same certificate already, and only its files are put right."""
        before, offer = self.before, self.offer
        said = (offer.serial, offer.not_before, offer.not_after)
        return before is not None and said == (before.serial, before.not_before, before.not_after)

    def diff(self) -> dict[str, Any]:
        """Return the change as Ansible shows it: of the certificate, and nothing of its key."""
        before, offer = self.before, self.offer
        return change(
            f"certificate {offer.name}",
            {"serial": before.serial, "not_after": _text(before.not_after)} if before else {},
            {"serial": offer.serial, "not_after": _text(offer.not_after)},
        )


class Delivery:
    """Takes what was offered into a store."""

    def __init__(self, store: CertificateStore, recipient: Recipient, now: datetime) -> None:
        self._store = store
        self._recipient = recipient
        self._now = now

    def predict(self, offers: Sequence[Offer]) -> list[Arrival]:
        """Say what would be published, without what was sealed."""
        arrivals = [Arrival(offer) for offer in offers]
        for arrival in arrivals:
            self._guard(arrival, None)
        return arrivals

    def take(self, offers: Sequence[Offer], sealed: str | None) -> list[Arrival]:
        """Publish what is not there yet.

        One certificate's failure is recorded with it and never stops another.

        :raises AcmeError: what was sealed cannot be opened, and something of it is missing here
        """
        arrivals = self.predict(offers)
        missing = [arrival for arrival in arrivals if arrival.changed]
        if not missing:
            return arrivals
        if sealed is None:
            raise AcmeError("sealed is missing. Give what acme_cert_export has returned.")
        with during("storage"):
            content = self._recipient.open(sealed)
            # Whatever becomes of it: what was recorded on the way is never to be opened again
            self._recipient.forget()
        pairs = unpack(content)
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(lambda arrival: self._guard(arrival, pairs), missing))
        return arrivals

    def _guard(self, arrival: Arrival, pairs: Mapping[str, TravellingPair] | None) -> None:
        try:
            folder = folder_name(normalized(arrival.offer.name))
            if pairs is None:
                with during("storage"):
                    self._look(arrival, folder)
            else:
                with during("storage"), self._store.lock(folder):
                    # look again: another run may have been at it before the lock was ours
                    self._look(arrival, folder)
                    if arrival.changed:
                        self._publish(arrival, folder, pairs)
        except Exception as error:  # whatever it is, the other certificates go on
            arrival.changed = False
            arrival.error = as_acme_error(error)

    def _look(self, arrival: Arrival, folder: str) -> None:
        """Say whether it is to be published.

        :raises AcmeError: what is there is newer, or lasts while the other one has expired
        """
        offer = arrival.offer
        before = arrival.before = self._store.read(folder).certificate
        arrival.changed = offer.fingerprint is None or offer.fingerprint != fingerprint_of(
            self._store, folder
        )
        if not arrival.changed or before is None or before.not_after <= self._now:
            return
        if offer.not_after is not None and offer.not_after <= self._now:
            raise AcmeError(
                f"the one that is offered expired on {_text(offer.not_after)}, and the one here, which lasts until"
                f" {_text(before.not_after)}, stays. Renew it on the issuing host."
            )
        if offer.not_before is not None and offer.not_before < before.not_before:
            raise AcmeError(
                f"the one that is offered is from {_text(offer.not_before)}, and older than the one here, from"
                f" {_text(before.not_before)}, which stays. Renew it on the issuing host, or, if the older one"
                f" is right, remove {self._store.chain_path(folder).parent} first."
            )

    def _publish(self, arrival: Arrival, folder: str, pairs: Mapping[str, TravellingPair]) -> None:
        offer = arrival.offer
        pair = pairs.get(offer.name)
        if pair is None:
            raise AcmeError(
                "it was offered, and what was handed over has nothing of it that can be read."
            )
        certificate = checked(pair, normalized(offer.name))
        said = (offer.fingerprint, offer.not_before, offer.not_after)
        if said != (pair.fingerprint, certificate.not_before, certificate.not_after):
            raise AcmeError("what was handed over is another one than what was offered.")
        origin = replace(pair.origin, published=self._now)
        self._store.publish(folder, pair.chain, pair.key, origin, self._now)


def _text(moment: datetime | None) -> str | None:
    return timestamp(moment) if moment else None
