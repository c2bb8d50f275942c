# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed's ACME servers: each does what it claims, and behaves as it is told."""

from __future__ import annotations

import base64
import datetime
import os
import subprocess
import sys
import time
from pathlib import Path

import dns.resolver
import pytest
import requests
from acme import errors, messages
from bed import BedError, http, prefix, wait
from bed.acme_bed import AcmeBed
from bed.acme_server import Feature
from bed.clock import Clock
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from integration.acme_client import AcmeClient
from integration.acme_servers import EACH_SERVER, NEWEST, OLDEST, StartAcme

DAY = datetime.timedelta(days=1)


def directory(bed: AcmeBed) -> dict[str, object]:
    with http.session(bed.acme.ca_path) as session:
        found: dict[str, object] = session.get(bed.acme.directory_url, timeout=10).json()
    return found


def lives(certificate: x509.Certificate, time: datetime.timedelta) -> bool:
    found = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    # Some count the last second, others do not
    return abs(found - time) <= datetime.timedelta(seconds=1)


def verified(chain: list[x509.Certificate], root: str) -> bool:
    above = [*chain[1:], x509.load_pem_x509_certificate(root.encode())]
    for certificate, issuer in zip(chain, above, strict=True):
        certificate.verify_directly_issued_by(issuer)
    return True


def test_its_directory_has_what_it_claims(acme_bed: AcmeBed) -> None:
    features, found = acme_bed.acme.features, directory(acme_bed)
    assert acme_bed.running
    assert ("renewalInfo" in found) == (Feature.RENEWAL_INFORMATION in features)
    meta = found["meta"]
    assert isinstance(meta, dict)
    assert ("profiles" in meta) == (Feature.PROFILES in features)


def test_it_issues_for_names_that_are_answered_and_revokes(acme_bed: AcmeBed) -> None:
    client = AcmeClient(acme_bed)
    client.register()
    acme_bed.nginx.answer_stateless(client.thumbprint)
    names = ["webroot.servers.example", "servers.stateless.example"]
    acme_bed.dns.add(*names)
    chain = client.issue(*names)[0]
    assert verified(chain, acme_bed.acme.issuer_roots())
    assert lives(chain[0], 90 * DAY)
    serial = f"{chain[0].serial_number:x}"
    assert not acme_bed.acme.revoked(serial)
    client.revoke(chain[0])
    assert acme_bed.acme.revoked(serial)


@pytest.mark.parametrize("name", ["unknown.servers.example", "found.elsewhere.example"])
def test_it_refuses_names_that_are_not_answered(acme_bed: AcmeBed, name: str) -> None:
    acme_bed.dns.add("found.elsewhere.example")
    client = AcmeClient(acme_bed)
    client.register()
    with pytest.raises(errors.ValidationError):
        client.issue(name)


def test_it_issues_for_addresses(acme_bed: AcmeBed) -> None:
    client = AcmeClient(acme_bed)
    client.register()
    assert client.issue(addresses=("127.0.0.1",))


@pytest.mark.parametrize(
    "server", [NEWEST, pytest.param("acme2certifier", marks=pytest.mark.extended)]
)
def test_orders_of_unknown_profiles_are_refused(server: str, start_acme: StartAcme) -> None:
    client = AcmeClient(start_acme(server))
    client.register()
    with pytest.raises(messages.Error, match="invalidProfile"):
        client.issue("profile.servers.example", profile="unknown")


@pytest.mark.parametrize("server", EACH_SERVER)
def test_new_accounts_are_bound_to_external_ones(server: str, start_acme: StartAcme) -> None:
    key = base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")
    bed = start_acme(server, external_accounts={"customer-1": key})
    meta = directory(bed)["meta"]
    assert isinstance(meta, dict)
    assert meta["externalAccountRequired"] is True
    client = AcmeClient(bed)
    with pytest.raises(messages.Error):
        client.register()
    client.register(("customer-1", key))


def test_profiles_have_their_own_lifetimes(start_acme: StartAcme) -> None:
    bed = start_acme(NEWEST, profiles={"classic": 90 * 86400, "shortlived": 160 * 3600})
    client = AcmeClient(bed)
    client.register()
    bed.dns.add("profile.servers.example")
    leaf = client.issue("profile.servers.example", profile="shortlived")[0][0]
    assert lives(leaf, datetime.timedelta(hours=160))


@pytest.mark.parametrize("server", [OLDEST, NEWEST])
def test_lifetime_and_chains_are_chosen(server: str, start_acme: StartAcme) -> None:
    bed = start_acme(server, lifetime=3600, alternate_roots=1, chain_length=2)
    client = AcmeClient(bed)
    client.register()
    bed.dns.add("chains.servers.example")
    chain, alternate = client.issue("chains.servers.example")
    assert len(chain) == 3
    assert lives(chain[0], datetime.timedelta(hours=1))
    assert verified(chain, bed.acme.issuer_roots())
    assert verified(alternate, bed.pebble.alternate_root(1))


def test_renewal_is_suggested_when_the_test_says(start_acme: StartAcme) -> None:
    bed = start_acme(NEWEST)
    client = AcmeClient(bed)
    client.register()
    bed.dns.add("renewal.servers.example")
    leaf = client.issue("renewal.servers.example")[0][0]
    start = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)
    pem = leaf.public_bytes(serialization.Encoding.PEM).decode()
    bed.pebble.set_renewal_window(pem, start, start + DAY)
    assert renewal_window(bed, leaf) == (start, start + DAY)
    bed.pebble.set_renewal_information(pem, "broken")
    with pytest.raises(ValueError, match="Expecting value"):
        renewal_window(bed, leaf)


def renewal_window(
    bed: AcmeBed, leaf: x509.Certificate
) -> tuple[datetime.datetime, datetime.datetime]:
    """Ask the CA as RFC 9773 says."""
    identifier = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1, "big")
    parts = [
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (identifier.key_identifier or b"", serial)
    ]
    with http.session(bed.acme.ca_path) as session:
        answer = session.get(f"{directory(bed)['renewalInfo']}/{'.'.join(parts)}", timeout=10)
    window = answer.json()["suggestedWindow"]
    start, end = (datetime.datetime.fromisoformat(window[side]) for side in ("start", "end"))
    return start, end


@pytest.mark.parametrize("server", [OLDEST, NEWEST])
def test_nonces_are_rejected(server: str, start_acme: StartAcme) -> None:
    bed = start_acme(server, nonce_rejection=100)
    with pytest.raises(messages.Error, match="badNonce"):
        AcmeClient(bed).register()


def test_blocked_names_are_refused(start_acme: StartAcme) -> None:
    bed = start_acme(OLDEST, blocked_names=("blocked.example",))
    client = AcmeClient(bed)
    client.register()
    with pytest.raises(messages.Error, match="rejectedIdentifier"):
        client.issue("blocked.example")


def test_what_a_ca_cannot_do_is_said(start_acme: StartAcme) -> None:
    with pytest.raises(BedError, match=r"pebble [0-9.]+ cannot do this: profiles"):
        start_acme(OLDEST, profiles={"shortlived": 3600})


@pytest.mark.parametrize("server", EACH_SERVER)
def test_a_ca_that_died_comes_back(server: str, start_acme: StartAcme) -> None:
    bed = start_acme(server)
    client = AcmeClient(bed)
    client.register()
    assert client.known()
    bed.stop_acme()
    assert not bed.running
    with pytest.raises(requests.ConnectionError):
        directory(bed)
    bed.start_acme()
    assert bed.running
    assert client.known() == (Feature.MEMORY in bed.acme.features)


def test_names_have_texts_and_trouble(start_acme: StartAcme) -> None:
    bed = start_acme(OLDEST)
    resolver = dns.resolver.Resolver(configure=False)
    address, port = bed.dns.address.split(":")
    resolver.nameservers, resolver.port = [address], int(port)
    bed.dns.set_txt("_acme-challenge.texts.example", "proof")
    answer = resolver.resolve("_acme-challenge.texts.example", "TXT")
    assert [str(record) for record in answer] == ['"proof"']
    bed.dns.clear_txt("_acme-challenge.texts.example")
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve("_acme-challenge.texts.example", "TXT")
    bed.dns.fail("broken.example")
    with pytest.raises(dns.resolver.NoNameservers, match="SERVFAIL"):
        resolver.resolve("broken.example", "A")
    bed.dns.heal("broken.example")
    bed.dns.add("broken.example")
    assert [str(record) for record in resolver.resolve("broken.example", "A")] == ["127.0.0.1"]


START = """
import sys
from bed.acme_bed import AcmeBed
from bed.acme_servers import SERVERS
with AcmeBed({instance!r}, server=SERVERS[{server!r}]) as bed:
    print("started", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("server", EACH_SERVER)
def test_an_interrupted_run_leaves_nothing_running(server: str) -> None:
    instance = f"killed-{server}-{os.getpid()}"
    owner = subprocess.Popen(
        [sys.executable, "-c", START.format(instance=instance, server=server)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "started\n"
    folder = prefix.find().run / instance
    assert len(working_in(folder)) >= 3
    owner.kill()
    owner.communicate()
    wait.until(lambda: working_in(folder) == [], what="the end of all programs", timeout=20)


def working_in(folder: Path) -> list[str]:
    """Processes whose working directory is below a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(folder.resolve()):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_a_program_lives_by_another_clock(tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    clock.set(30 * DAY)
    code = """
import time
for _line in range(2):
    print(time.time(), flush=True)
    input()
begin = time.monotonic()
time.sleep(0.1)
print(time.monotonic() - begin)
"""
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **clock.environment()},
    )
    assert program.stdout is not None
    assert program.stdin is not None
    ahead = float(program.stdout.readline()) - time.time()
    clock.set(-DAY)
    program.stdin.write("\n")
    program.stdin.flush()
    behind = float(program.stdout.readline()) - time.time()
    slept, _errors = program.communicate("\n")
    assert ahead == pytest.approx(30 * 86400, abs=5)
    assert behind == pytest.approx(-86400, abs=5)
    assert 0.1 <= float(slept) < 5
