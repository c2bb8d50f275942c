# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another host hands over is published, or refused for its name alone."""

from __future__ import annotations

import dataclasses
from base64 import b64decode, b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate_export import (
    Wish,
    hand_out,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate_import import (
    Arrival,
    Delivery,
    Offer,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    key_to_pem,
    make_key,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.recipient import Recipient
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.seal import seal
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.travelling_pair import (
    TravellingPair,
    fingerprint_of,
    pack,
)
from unit.plugins.module_utils.acme.issuing import NOW, issue

ORIGIN = Origin("https://ca.test/directory")
NAMES = ["a.example", "b.example"]


class Hosts:
    """The one that issues and the one that serves."""

    def __init__(self, folder: Path) -> None:
        self.issuing = CertificateStore(folder / "issuing")
        self.serving = CertificateStore(folder / "serving")
        self.recipient = Recipient(folder / "serving")

    def issue(self, name: str, age: int = 1, store: CertificateStore | None = None) -> None:
        """Publish a certificate of so many days where certificates are issued."""
        key = make_key("P-256")
        chain = issue([name], key.public_key(), NOW - timedelta(days=age))
        store = store or self.issuing
        with store.lock(name):
            store.publish(name, chain, key_to_pem(key), ORIGIN, NOW)

    def offers(self) -> tuple[list[Offer], str | None]:
        """What is handed out for what is there."""
        known = {name: fingerprint_of(self.serving, name) for name in NAMES}
        handover = hand_out(self.issuing, Wish(known, self.recipient.public_key()))
        nothing = dict.fromkeys(("fingerprint", "serial", "not_before", "not_after"))
        return [Offer.of({**nothing, **offer}) for offer in handover.offered], handover.sealed

    def delivery(self) -> Delivery:
        """What takes it."""
        return Delivery(self.serving, self.recipient, NOW)

    def copy(self) -> dict[str, Arrival]:
        """All of it."""
        offers, sealed = self.offers()
        predicted = [each.result() for each in self.delivery().predict(offers)]
        arrivals = self.delivery().take(offers, sealed)
        assert predicted == [each.result() for each in arrivals]
        return {each.offer.name: each for each in arrivals}


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    """Both with two certificates to come."""
    made = Hosts(tmp_path)
    for name in NAMES:
        made.issue(name)
    return made


def same(hosts: Hosts, name: str) -> bool:
    return fingerprint_of(hosts.issuing, name) == fingerprint_of(hosts.serving, name)


def test_published_as_the_store_does(hosts: Hosts) -> None:
    arrivals = hosts.copy()
    assert [each.changed for each in arrivals.values()] == [True, True]
    stored = hosts.serving.read("a.example")
    assert stored.fault is None
    assert stored.modes_fit
    assert stored.origin == dataclasses.replace(ORIGIN, published=NOW)
    assert all(same(hosts, name) for name in NAMES)
    assert hosts.offers() == ([], None)


def test_a_key_serves_once(hosts: Hosts) -> None:
    before = hosts.recipient.public_key()
    hosts.copy()
    assert hosts.recipient.public_key() != before


def test_only_what_is_new(hosts: Hosts) -> None:
    hosts.copy()
    hosts.issue("b.example", age=0)
    arrivals = hosts.copy()
    assert list(arrivals) == ["b.example"]
    assert arrivals["b.example"].result()["renewed"]
    assert same(hosts, "b.example")
    diff = Arrival(Offer("b.example", serial="1")).diff()
    assert "PRIVATE" not in repr(diff)


def test_an_older_one_is_refused_while_the_newer_one_is_valid(hosts: Hosts) -> None:
    hosts.copy()
    hosts.issue("a.example", age=0, store=hosts.serving)
    kept = fingerprint_of(hosts.serving, "a.example")
    refused = hosts.copy()["a.example"]
    assert "older than the one here" in str(refused.error)
    assert not refused.changed
    assert fingerprint_of(hosts.serving, "a.example") == kept
    # nobody needs one that has expired
    offers, sealed = hosts.offers()
    late = Delivery(hosts.serving, hosts.recipient, NOW + timedelta(days=91))
    assert late.take(offers, sealed)[0].changed
    assert same(hosts, "a.example")


def test_one_that_has_expired_replaces_none_that_lasts(hosts: Hosts) -> None:
    # the earlier one lasts longer: it is another CA's
    key = make_key("P-256")
    chain = issue(["a.example"], key.public_key(), NOW - timedelta(days=120), timedelta(days=365))
    with hosts.serving.lock("a.example"):
        hosts.serving.publish("a.example", chain, key_to_pem(key), ORIGIN, NOW)
    kept = fingerprint_of(hosts.serving, "a.example")
    hosts.issue("a.example", age=100)
    refused = hosts.copy()["a.example"]
    assert "expired on" in str(refused.error)
    assert not refused.changed
    assert fingerprint_of(hosts.serving, "a.example") == kept
    hosts.issue("a.example", age=10)
    assert hosts.copy()["a.example"].changed


def test_what_is_here_and_damaged_is_replaced(hosts: Hosts) -> None:
    hosts.copy()
    path = hosts.serving.key_path("a.example")
    path.write_text("nonsense")
    arrivals = hosts.copy()
    assert list(arrivals) == ["a.example"]
    assert arrivals["a.example"].result()["renewed"]
    hosts.serving.key_path("a.example").chmod(0o644)
    arrivals = hosts.copy()
    assert list(arrivals) == ["a.example"]
    assert arrivals["a.example"].changed
    assert not arrivals["a.example"].result()["renewed"]
    assert hosts.serving.key_path("a.example").stat().st_mode & 0o777 == 0o600


def test_plain_files_of_another_tool_become_versions(hosts: Hosts) -> None:
    folder = hosts.serving.key_path("a.example").parent
    folder.mkdir(parents=True)
    for file in ("fullchain.pem", "privkey.pem"):
        (folder / file).write_bytes(
            (hosts.issuing.key_path("a.example").parent / file).read_bytes()
        )
    hosts.copy()
    assert same(hosts, "a.example")
    assert hosts.serving.read("a.example").fault is None


def sealed_for(hosts: Hosts, pairs: dict[str, TravellingPair]) -> str:
    reader = b64decode(hosts.recipient.public_key())
    return b64encode(seal(pack(pairs), reader)).decode()


def spoilt(hosts: Hosts, **changed: Any) -> dict[str, Arrival]:
    """Take what was spoilt for one name on the way."""
    offers, _sealed = hosts.offers()
    pairs = {
        name: TravellingPair(
            hosts.issuing.chain_path(name).read_bytes(),
            hosts.issuing.key_path(name).read_bytes(),
            ORIGIN,
        )
        for name in NAMES
    }
    pairs["a.example"] = dataclasses.replace(pairs["a.example"], **changed)
    arrivals = hosts.delivery().take(offers, sealed_for(hosts, pairs))
    return {each.offer.name: each for each in arrivals}


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"key": key_to_pem(make_key("P-256"))}, "does not belong"),
        ({"key": b"half a key"}, "cannot be used"),
        ({"chain": b"-----BEGIN CERTIFICATE-----"}, "cannot be used"),
    ],
)
def test_damage_is_of_one_name(hosts: Hosts, changed: dict[str, bytes], text: str) -> None:
    arrivals = spoilt(hosts, **changed)
    assert text in str(arrivals["a.example"].error)
    assert not hosts.serving.read("a.example").present
    assert arrivals["b.example"].changed
    assert same(hosts, "b.example")


def test_another_one_than_was_offered(hosts: Hosts) -> None:
    offers, _sealed = hosts.offers()
    hosts.issue("a.example")
    _offers, sealed = hosts.offers()
    arrivals = hosts.delivery().take(offers, sealed)
    assert "another one than what was offered" in str(arrivals[0].error)
    assert arrivals[1].changed


def test_one_is_missing(hosts: Hosts) -> None:
    offers, _sealed = hosts.offers()
    arrivals = hosts.delivery().take(offers, sealed_for(hosts, {}))
    assert all("has nothing of it" in str(each.error) for each in arrivals)


def test_another_run_was_quicker(hosts: Hosts) -> None:
    offers, sealed = hosts.offers()
    hosts.copy()
    arrivals = hosts.delivery().take(offers, sealed)
    assert not any(each.changed or each.error for each in arrivals)


@pytest.mark.parametrize("sealed", [None, "nonsense"])
def test_nothing_is_handed_over(hosts: Hosts, sealed: str | None) -> None:
    offers, _sealed = hosts.offers()
    with pytest.raises(AcmeError):
        hosts.delivery().take(offers, sealed)
    assert hosts.serving.names() == []


def test_a_storage_that_cannot_be_written(hosts: Hosts) -> None:
    offers, sealed = hosts.offers()
    folder = hosts.serving.key_path("a.example").parent
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    arrivals = hosts.delivery().take(offers, sealed)
    assert arrivals[0].error is not None
    assert arrivals[1].changed
    # one tenant's trouble does not keep the key from being forgotten
    with pytest.raises(AcmeError, match="is gone"):
        hosts.delivery().take(offers, sealed)


def test_an_offer_that_makes_no_sense() -> None:
    item = dict.fromkeys(("fingerprint", "serial", "not_after"))
    with pytest.raises(AcmeError, match="not a moment"):
        Offer.of({"name": "a.example", "not_before": "yesterday", **item})
