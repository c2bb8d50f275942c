# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate is taken over, and which is not."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.adoption import (
    Adopter,
    Adoption,
    Wanted,
    is_usable,
    read_wanted,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certbot import Certbot
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    key_to_pem,
    make_key,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.renewal import Policy, decide
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.request import (
    CertificateRequest,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from cryptography.hazmat.primitives import serialization
from unit.plugins.module_utils.acme.certbot_folder import SERVER, CertbotFolder
from unit.plugins.module_utils.acme.issuing import NOW, pair

NAME = "mail.a.example"
DAY = timedelta(days=1)


class Host:
    """A host with certbot and a storage."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.certbot = CertbotFolder(path / "letsencrypt")
        self.store = CertificateStore(path / "storage")

    def adopt(
        self, *names: str, fullchain: Path | None = None, privkey: Path | None = None
    ) -> Adoption:
        """Predict, then do it; both have to come to the same."""
        wanted = Wanted(NAME, tuple(sorted({NAME, *names})), fullchain, privkey)
        adopter = Adopter(self.store, Certbot(self.certbot.path), NOW)
        predicted, adoption = Adoption(wanted), Adoption(wanted)
        adopter.adopt(predicted, check_mode=True)
        adopter.adopt(adoption, check_mode=False)
        there = predicted.result(self.store, NOW), predicted.diff()
        assert there == (adoption.result(self.store, NOW), adoption.diff())
        assert "PRIVATE" not in repr(there)
        return adoption

    def pair(self, *names: str, **how: Any) -> tuple[Path, Path]:
        """A pair of somebody's, outside of certbot."""
        chain, key = pair(list(names) or [NAME], **how)
        chain_file, key_file = self.path / "chain.pem", self.path / "key.pem"
        chain_file.write_bytes(chain)
        key_file.write_bytes(key_to_pem(key))
        return chain_file, key_file

    def is_due(self, *names: str) -> str | None:
        """Why the next run would order another one; ``None`` if it would not."""
        wanted = CertificateRequest(NAME, tuple(sorted({NAME, *names})))
        decision = decide(wanted, self.store.read(NAME), Policy(SERVER), NOW)
        return decision.reason if decision.due else None


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_nothing_is_found_where_nothing_is(host: Host) -> None:
    adoption = host.adopt()
    assert (adoption.changed, adoption.error, adoption.found) == (False, None, None)
    assert not (host.path / "storage" / "certs" / NAME).exists()


@pytest.mark.parametrize("key_type", ["RSA-2048", "P-384"])
def test_a_lineage_is_taken_over_and_stays_until_it_is_due(host: Host, key_type: str) -> None:
    host.certbot.add_account("1")
    names = ["other.example", NAME, "webmail.a.example"]
    chain = host.certbot.add_lineage("any", names, account="1", key_type=key_type)
    adoption = host.adopt("webmail.a.example")
    assert adoption.changed
    assert host.store.chain(NAME) == chain.read_bytes()
    stored = host.store.read(NAME)
    account = "https://ca.test/account/1"
    assert stored.origin == Origin(SERVER, account, adopted=True)
    assert stored.modes_fit
    assert host.is_due("webmail.a.example") is None
    assert host.is_due("new.a.example") == "it lacks new.a.example"
    assert not host.adopt("webmail.a.example").changed


def test_one_that_was_bought_is_taken_over(host: Host) -> None:
    chain, key = host.pair("*.a.example")
    assert host.adopt(fullchain=chain, privkey=key).changed
    assert host.store.read(NAME).origin == Origin("", adopted=True)
    assert host.is_due() is None
    assert host.is_due("a.example") == "it lacks a.example"


def test_no_key_gets_into_the_file_that_all_may_read(host: Host) -> None:
    chain, key = host.pair()
    both = host.path / "both.pem"
    both.write_bytes(key.read_bytes() + chain.read_bytes())
    assert host.adopt(fullchain=both).changed
    assert b"PRIVATE" not in host.store.chain(NAME)
    assert host.store.key(NAME) is not None


def test_what_is_served_comes_before_what_certbot_has(host: Host) -> None:
    served = host.certbot.add_lineage("served", [NAME, "more.example"])
    host.certbot.add_lineage(NAME)
    link = host.path / "link.pem"
    link.symlink_to(served)
    adoption = host.adopt(fullchain=link, privkey=served.with_name("privkey.pem"))
    assert adoption.found is not None
    assert adoption.found.lineage is not None
    assert adoption.found.lineage.name == "served"


def test_of_several_lineages_it_is_the_one_with_the_fewest_names(host: Host) -> None:
    host.certbot.add_lineage("a", [NAME, "one.example", "two.example"])
    host.certbot.add_lineage("b", [NAME, "one.example"])
    host.certbot.add_lineage("c", ["one.example"])
    adoption = host.adopt()
    assert adoption.found is not None
    assert adoption.found.lineage is not None
    assert adoption.found.lineage.name == "b"


def test_one_that_serves_less_is_passed_over_for_one_that_serves_all(host: Host) -> None:
    chain, key = host.pair()
    host.certbot.add_lineage("all", [NAME, "webmail.a.example"])
    adoption = host.adopt("webmail.a.example", fullchain=chain, privkey=key)
    assert adoption.found is not None
    assert adoption.found.source != chain


def test_refused_with_every_reason(host: Host) -> None:
    chain, key = host.pair()
    host.certbot.add_lineage("old", [NAME, "more.example"], not_before=NOW - 91 * DAY)
    adoption = host.adopt("more.example", fullchain=chain, privkey=key)
    text = str(adoption.error)
    assert "it lacks more.example" in text
    assert "it expired on 2026-11-21" in text
    assert not adoption.result(host.store, NOW)["present"]


def test_pairs_that_nobody_could_use_are_refused(host: Host) -> None:
    chain, key = host.pair()
    other = host.path / "other.pem"
    other.write_bytes(key_to_pem(make_key("P-256")))
    locked = host.path / "locked.pem"
    locked.write_bytes(
        make_key("P-256").private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    cases = [
        (chain, other, "does not belong to it"),
        (chain, locked, "without a password"),
        (chain, host.path / "none", "no private key"),
        (host.path / "none", key, "no such file"),
        (key, key, "not a whole chain"),
    ]
    for fullchain, privkey, text in cases:
        assert text in str(host.adopt(fullchain=fullchain, privkey=privkey).error)


def test_one_that_was_ordered_here_is_never_replaced(host: Host) -> None:
    chain, key = pair([NAME])
    with host.store.lock(NAME):
        host.store.publish(NAME, chain, key_to_pem(key), Origin(SERVER), NOW)
    host.certbot.add_lineage(NAME, life=180 * DAY)
    assert not host.adopt().changed
    assert host.store.chain(NAME) == chain


def test_one_that_is_of_no_use_is_replaced(host: Host) -> None:
    chain, key = pair([NAME], not_before=NOW - 91 * DAY)
    with host.store.lock(NAME):
        host.store.publish(NAME, chain, key_to_pem(key), Origin(SERVER), NOW)
    host.certbot.add_lineage(NAME)
    assert host.adopt().changed


def test_what_certbot_has_renewed_meanwhile_is_taken_over_again(host: Host) -> None:
    host.certbot.add_lineage("first", [NAME])
    assert host.adopt().changed
    newer = host.certbot.add_lineage("another", [NAME], life=100 * DAY)
    assert host.adopt(fullchain=newer, privkey=newer.with_name("privkey.pem")).changed
    assert host.store.chain(NAME) == newer.read_bytes()
    older = host.path / "letsencrypt/live/first/fullchain.pem"
    assert not host.adopt(fullchain=older, privkey=older.with_name("privkey.pem")).changed


def test_what_is_here_is_enough_when_the_other_one_is_of_no_use(host: Host) -> None:
    host.certbot.add_lineage(NAME)
    assert host.adopt().changed
    adoption = host.adopt(fullchain=host.path / "none")
    assert (adoption.changed, adoption.error) == (False, None)
    (host.path / "letsencrypt/archive" / NAME / "privkey1.pem").unlink()
    assert host.adopt().error is None


def test_another_lineage_replaces_nothing_that_is_served_from_here(host: Host) -> None:
    first = host.certbot.add_lineage("first", [NAME])
    assert host.adopt().changed
    host.certbot.add_lineage("another", [NAME], life=100 * DAY)
    assert not host.adopt().changed
    assert host.store.chain(NAME) == first.read_bytes()


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_was_taken_over_is_not_looked_for(host: Host, check_mode: bool) -> None:
    host.certbot.add_lineage("old", [NAME], not_before=NOW - 91 * DAY)
    adoption = Adoption(Wanted(NAME, (NAME,), taken_over=True))
    Adopter(host.store, Certbot(host.certbot.path), NOW).adopt(adoption, check_mode=check_mode)
    result = adoption.result(host.store, NOW)
    # In check mode, the task before would have published it
    assert (result["failed"], result["changed"], result["present"]) == (False, False, check_mode)


def test_what_certbot_has_is_resolved_once_for_all(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{number}.example" for number in range(20)]
    for name in names:
        host.certbot.add_lineage(name)
    resolved = []
    real: Any = os.path.realpath

    def count(path: Any, **how: Any) -> str:
        resolved.append(path)
        return str(real(path, **how))

    monkeypatch.setattr(os.path, "realpath", count)
    adopter = Adopter(host.store, Certbot(host.certbot.path), NOW)
    for name in names:
        folder = host.path / "letsencrypt/live" / name
        adoption = Adoption(Wanted(name, (name,), folder / "fullchain.pem", folder / "privkey.pem"))
        adopter.adopt(adoption, check_mode=True)
        assert adoption.found is not None
        assert adoption.found.lineage is not None
        assert adoption.found.lineage.name == name
    assert len(resolved) == 2 * len(names)


def test_a_wildcard_of_certbot_is_found(host: Host) -> None:
    host.certbot.add_lineage("wild", ["*.a.example", NAME, "more.example"])
    host.certbot.add_lineage("other", ["*.a.example", "b.example"])
    adoption = host.adopt()
    assert adoption.found is not None
    assert adoption.found.lineage is not None
    assert adoption.found.lineage.name == "other"


def test_what_no_browser_trusts_is_refused(host: Host) -> None:
    for file, issuer, text in (
        ("self", None, "it is self-signed"),
        ("staging", "(STAGING) Pretend Pear", "of a CA for trials"),
    ):
        chain, key = pair([NAME], issuer=issuer)
        paths = host.path / f"{file}.pem", host.path / f"{file}.key"
        paths[0].write_bytes(chain)
        paths[1].write_bytes(key_to_pem(key))
        assert text in str(host.adopt(fullchain=paths[0], privkey=paths[1]).error)
    lineage = host.certbot.add_lineage(NAME)
    adoption = host.adopt(fullchain=paths[0], privkey=paths[1])
    assert adoption.found is not None
    assert adoption.found.source == lineage


def test_lists_are_checked() -> None:
    assert read_wanted([{"name": NAME, "names": ["b.example", NAME]}]) == [
        Wanted(NAME, ("b.example", NAME))
    ]
    assert read_wanted([{"name": NAME}], [NAME])[0].taken_over
    for items, text in (
        ([{"name": "A.example"}], "upper-case"),
        ([{"name": NAME}, {"name": NAME}], "listed 2 times"),
    ):
        with pytest.raises(AcmeError, match=text):
            read_wanted(items)


def test_usable_means_all_names_and_not_expired(host: Host) -> None:
    chain, key = pair([NAME])
    with host.store.lock(NAME):
        host.store.publish(NAME, chain, key_to_pem(key), Origin(SERVER), NOW)
    stored = host.store.read(NAME)
    assert is_usable(stored, Wanted(NAME, (NAME,)), NOW)
    assert not is_usable(stored, Wanted(NAME, (NAME, "b.example")), NOW)
    assert not is_usable(stored, Wanted(NAME, (NAME,)), NOW + 90 * DAY)
