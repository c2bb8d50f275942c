# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert against each CA of the bed, with Debian's nginx to serve the challenges."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import read_chain
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    key_from_pem,
    key_to_pem,
    make_key,
    public_der,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.signing_request import (
    make_signing_request,
)
from bed.acme_bed import AcmeBed
from bed.acme_server import Feature
from bed.challenge_nginx import STATELESS_DOMAIN
from cryptography import x509
from integration.acme_servers import NEWEST, OLDEST, StartAcme

NOT_REACHED = "not-reached.acme.example"

Run = Callable[..., dict[str, Any]]
RunAt = Callable[[AcmeBed], Run]


@pytest.fixture
def run_at() -> RunAt:
    """Run the module with Ansible against a CA, more or other options given."""

    def at(acme: AcmeBed) -> Run:
        def call(
            check: bool = False, environment: dict[str, str] | None = None, **options: Any
        ) -> dict[str, Any]:
            arguments = {**acme.module_options(), **options}
            return acme.ansible.run_module(
                "acme_cert", arguments, check=check, environment=environment
            )

        return call

    return at


@pytest.fixture
def run(acme_bed: AcmeBed, run_at: RunAt) -> Run:
    """Run the module against each CA in turn."""
    return run_at(acme_bed)


@pytest.fixture
def names(acme_bed: AcmeBed, request: pytest.FixtureRequest) -> list[str]:
    """Names of the test's own that resolve."""
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    found = [f"{letter}-{stem}.acme.example" for letter in "abcd"]
    acme_bed.dns.add(*found)
    return found


def chain_of(item: dict[str, Any]) -> bytes:
    return Path(item["fullchain"]).read_bytes()


def matching(item: dict[str, Any]) -> bool:
    key = key_from_pem(Path(item["privkey"]).read_bytes())
    return key is not None and read_chain(chain_of(item)).public_key == public_der(key.public_key())


def verified(acme: AcmeBed, chain: bytes) -> bool:
    """Whether the leaf leads to the CA's root, by signature."""
    certificates = x509.load_pem_x509_certificates(chain)
    certificates.append(x509.load_pem_x509_certificate(acme.acme.issuer_roots().encode()))
    for certificate, issuer in zip(certificates, certificates[1:], strict=False):
        if certificate != issuer:
            certificate.verify_directly_issued_by(issuer)
    return True


def test_predicted_issued_and_left_alone(acme_bed: AcmeBed, run: Run, names: list[str]) -> None:
    first, second, third, _fourth = names
    certificates = [
        {"name": first},
        {"name": second, "names": [third], "key_type": "RSA-2048"},
    ]
    predicted = run(check=True, certificates=certificates)
    assert predicted["changed"]
    assert not Path(predicted["certificates"][0]["fullchain"]).exists()

    issued = run(certificates=certificates)
    assert issued["changed"]
    assert issued["diff"][-2:] == predicted["diff"][-2:]
    for item in issued["certificates"]:
        assert item["changed"]
        assert item["error"] is None
        assert matching(item)
        assert verified(acme_bed, chain_of(item))
        assert item["directory"] == acme_bed.acme.directory_url
        assert item["not_before"] < item["renewal"]["moment"] < item["not_after"]
        assert Path(item["privkey"]).stat().st_mode & 0o777 == 0o600
    assert read_chain(chain_of(issued["certificates"][1])).names == {second, third}
    assert issued["certificates"][1]["key_type"] == "RSA-2048"

    again = run(certificates=certificates)
    assert not again["changed"]
    assert not again.get("diff")
    assert not run(check=True, certificates=certificates)["changed"]
    assert [each["serial"] for each in again["certificates"]] == [
        each["serial"] for each in issued["certificates"]
    ]
    assert "PRIVATE KEY" not in json.dumps([predicted, issued, again])


def test_reissued_when_something_else_is_wanted(run: Run, names: list[str]) -> None:
    name, other, *_rest = names
    run(name=name)
    wanted: dict[str, Any] = {"name": name, "names": [other]}
    reasons = [
        run(**wanted)["certificates"][0]["reason"],
        run(**wanted, key_type="P-384")["certificates"][0]["reason"],
        run(**wanted, key_type="P-384", force=True)["certificates"][0]["reason"],
        run(**wanted, key_type="P-384", renew_days=9999)["certificates"][0]["reason"],
    ]
    assert reasons[:3] == [
        f"it lacks {other}",
        "the key is P-256, P-384 is wanted",
        "forced",
    ]
    # even then not in the first two thirds of its life
    assert reasons[3].startswith("valid until ")


def test_what_fails_at_the_ca_stops_no_other_and_is_left_alone_for_a_while(
    acme_bed: AcmeBed, run: Run, names: list[str]
) -> None:
    certificates = [{"name": names[0]}, {"name": NOT_REACHED}, {"name": names[1]}]
    result = run(certificates=certificates, look_first=False)
    assert result["failed"]
    assert result["changed"]
    good, bad, also_good = result["certificates"]
    assert good["changed"]
    assert also_good["changed"]
    assert bad["failed"]
    assert bad["step"] == "authorization"
    assert bad["problem"]["identifier"] == NOT_REACHED
    assert bad["problem"]["url"].startswith("http")
    assert bad["failures"]["count"] == 1
    assert result["msg"] == f"1 of 3 certificates failed: {NOT_REACHED}: {bad['error']}"
    again = run(certificates=certificates, look_first=False)
    assert not again["changed"]
    assert again["certificates"][1]["error"] == bad["error"]
    assert again["certificates"][1]["postponed"]
    assert again["certificates"][1]["failures"] == bad["failures"]
    # and it heals
    acme_bed.dns.add(NOT_REACHED)
    healed = run(certificates=certificates, retry=True)
    assert not healed["failed"]
    assert healed["certificates"][1]["failures"] is None
    run(name=NOT_REACHED, state="absent")
    acme_bed.dns.remove(NOT_REACHED)


def test_some_names_of_one_certificate_fail(acme_bed: AcmeBed, run: Run, names: list[str]) -> None:
    missing = [f"missing-{number}.acme.example" for number in (1, 2)]
    result = run(name=names[0], names=[names[1], *missing])
    problem = result["certificates"][0]["problem"]
    assert [each["identifier"] for each in problem["subproblems"]] == missing
    for name in missing:
        assert name in result["msg"]
    assert list((acme_bed.storage / "webroot" / ".well-known" / "acme-challenge").iterdir()) == []


def test_stateless(acme_bed: AcmeBed, run: Run) -> None:
    name = f"portal.{STATELESS_DOMAIN}"
    acme_bed.dns.add(name)
    acme_bed.nginx.answer_stateless(run()["account"]["thumbprint"])
    challenges = acme_bed.storage / "webroot" / ".well-known" / "acme-challenge"
    before = challenges.stat().st_mtime_ns if challenges.exists() else None
    result = run(name=name, challenge="stateless")
    assert not result["failed"]
    assert matching(result["certificates"][0])
    assert (challenges.stat().st_mtime_ns if challenges.exists() else None) == before


def test_internationalized_names(acme_bed: AcmeBed, run: Run) -> None:
    acme_bed.dns.add("xn--bcher-kva.acme.example")
    item = run(name="bücher.acme.example")["certificates"][0]
    assert item["error"] is None
    assert read_chain(chain_of(item)).names == {"xn--bcher-kva.acme.example"}
    assert not run(name="xn--bcher-kva.acme.example")["changed"]


def test_an_rsa_account(acme_bed: AcmeBed, run: Run, names: list[str], tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    storage.mkdir()
    (storage / "webroot").symlink_to(acme_bed.storage / "webroot")
    options = {"storage": str(storage), "account_key_type": "RSA-2048"}
    result = run(name=names[0], account_contact=["hostmaster@example.com"], **options)
    assert result["changed"]
    assert result["account"]["changed"]
    assert result["account"]["uri"].startswith("http")
    assert not run(name=names[0], **options)["changed"]


def test_a_key_that_is_kept(run: Run, names: list[str]) -> None:
    first = run(name=names[0])["certificates"][0]
    key = Path(first["privkey"]).read_bytes()
    kept = run(name=names[0], reuse_key=True, force=True)["certificates"][0]
    assert kept["serial"] != first["serial"]
    assert Path(kept["privkey"]).read_bytes() == key
    run(name=names[0], force=True)
    assert Path(kept["privkey"]).read_bytes() != key


def test_the_operators_own_signing_request(run: Run, names: list[str], tmp_path: Path) -> None:
    key = make_key("RSA-2048")
    (tmp_path / "key.pem").write_bytes(key_to_pem(key))
    (tmp_path / "request.der").write_bytes(make_signing_request(key, names[:2]))
    options = {"name": names[0], "csr": str(tmp_path / "request.der")}
    item = run(**options)["certificates"][0]
    assert item["error"] is None
    assert item["privkey"] is None
    assert read_chain(chain_of(item)).public_key == public_der(key.public_key())
    assert not (Path(item["fullchain"]).parent / "privkey.pem").exists()
    assert not run(**options)["changed"]


def test_revoked_issued_anew_and_retired(acme_bed: AcmeBed, run: Run, names: list[str]) -> None:
    first = run(name=names[0])["certificates"][0]
    assert run(check=True, name=names[0], state="revoked")["changed"]
    assert not acme_bed.acme.revoked(first["serial"])
    options = {"name": names[0], "state": "revoked", "revocation_reason": "key_compromise"}
    assert run(**options)["changed"]
    assert acme_bed.acme.revoked(first["serial"])
    assert not run(**options)["changed"]

    second = run(name=names[0])["certificates"][0]
    assert second["reason"].startswith("it was revoked on ")
    retired = run(name=names[0], state="absent", revoke=True)
    assert retired["changed"]
    assert acme_bed.acme.revoked(second["serial"])
    assert not Path(second["fullchain"]).parent.exists()
    assert not run(name=names[0], state="absent", revoke=True)["changed"]


def test_removed(acme_bed: AcmeBed, run: Run, names: list[str]) -> None:
    item = run(name=names[0])["certificates"][0]
    assert run(check=True, name=names[0], state="absent")["changed"]
    assert Path(item["privkey"]).exists()
    removed = run(name=names[0], state="absent")
    assert removed["changed"]
    assert not Path(item["privkey"]).parent.exists()
    assert not run(name=names[0], state="absent")["changed"]
    # a renewal that had planned before does not bring it back
    (late,) = run(name=names[0], only_renew=True)["certificates"]
    assert (late["changed"], late["present"], late["failed"]) == (False, False, False)
    assert not Path(item["privkey"]).parent.exists()
    assert not acme_bed.acme.revoked(item["serial"])


def test_damaged_files_heal(run: Run, names: list[str]) -> None:
    item = run(name=names[0])["certificates"][0]
    Path(item["fullchain"]).write_bytes(chain_of(item)[:300])
    healed = run(name=names[0])
    assert healed["changed"]
    assert healed["certificates"][0]["reason"].startswith("fullchain.pem cannot be used")
    assert matching(healed["certificates"][0])


def test_two_at_once_issue_once(run: Run, names: list[str]) -> None:
    certificates = [{"name": name} for name in names]
    with ThreadPoolExecutor(2) as both:
        results = list(both.map(lambda _number: run(certificates=certificates), range(2)))
    for name, *found in zip(names, *(each["certificates"] for each in results), strict=True):
        assert [item["error"] for item in found] == [None, None]
        assert sorted(item["changed"] for item in found) == [False, True], name
        assert found[0]["serial"] == found[1]["serial"]


def test_environment_does_not_overrule_the_ca(run: Run, names: list[str]) -> None:
    environment = {"REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"}
    assert run(name=names[0], environment=environment)["changed"]


def test_an_unknown_ca_is_not_trusted(
    acme_bed: AcmeBed, run: Run, names: list[str], tmp_path: Path
) -> None:
    if acme_bed.acme.ca_path is None:
        pytest.skip("the API of this CA has no TLS")
    result = run(name=names[0], ca_path=None, storage=str(tmp_path))
    assert "cannot be verified" in result["msg"]
    assert "ca_path" in result["msg"]


def test_the_ca_says_when_to_renew(acme_bed: AcmeBed, run: Run, names: list[str]) -> None:
    item = run(name=names[0])["certificates"][0]
    memory = json.loads((Path(item["fullchain"]).parent / "renewal.json").read_text())
    suggestion = memory["suggestion"]
    if Feature.RENEWAL_INFORMATION not in acme_bed.acme.features:
        assert "moment" not in suggestion
        assert item["renewal"]["source"] == "lifetime"
        return
    assert suggestion["start"] <= suggestion["moment"] <= suggestion["end"]
    assert item["renewal"]["moment"] <= suggestion["moment"]
    # and the moment stays what it is
    again = run(name=names[0])["certificates"][0]
    assert again["renewal"] == item["renewal"]


def test_renewed_when_the_ca_wants_it(start_acme: StartAcme, run_at: RunAt) -> None:
    acme = start_acme(NEWEST)
    run = run_at(acme)
    name = "wanted.acme.example"
    acme.dns.add(name)
    first = run(name=name)["certificates"][0]
    now = datetime.now(timezone.utc)
    # a window that ended before the certificate began would mean nothing
    at_once = (now - timedelta(days=2), now + timedelta(seconds=1))
    acme.pebble.set_renewal_window(chain_of(first).decode(), *at_once)
    # not before the CA said that it may be asked again
    assert not run(name=name)["changed"]
    memory = Path(first["fullchain"]).parent / "renewal.json"
    document = json.loads(memory.read_text())
    document["suggestion"]["ask_again"] = "2026-01-01T00:00:00Z"
    memory.write_text(json.dumps(document))
    assert not run(check=True, name=name)["changed"]
    second = run(name=name)["certificates"][0]
    assert second["changed"], second
    assert "as its CA suggests" in second["reason"]
    assert second["serial"] != first["serial"]
    assert not run(name=name)["changed"]

    # the CA knows what replaced it, and is asked once more without where it has been replaced
    log = acme.logs / "pebble.log"
    assert "alreadyReplaced" not in log.read_text()
    state = Path(first["fullchain"]).parent
    older = next(path for path in (state / "versions").iterdir() if first_of(path, first))
    (state / "current").unlink()
    (state / "current").symlink_to(f"versions/{older.name}")
    assert run(name=name, force=True)["certificates"][0]["changed"]


def first_of(version: Path, item: dict[str, Any]) -> bool:
    serial = read_chain((version / "fullchain.pem").read_bytes()).serial
    return serial == str(item["serial"])


def test_profiles(start_acme: StartAcme, run_at: RunAt) -> None:
    acme = start_acme(NEWEST, profiles={"default": 90 * 24 * 3600, "shortlived": 160 * 3600})
    run = run_at(acme)
    name = "profiles.acme.example"
    acme.dns.add(name)
    assert "It offers default, shortlived." in run(name=name, profile="unknown")["msg"]
    short = run(name=name, profile="shortlived", retry=True)["certificates"][0]
    assert short["profile"] == "shortlived"
    leaf = read_chain(chain_of(short))
    assert timedelta(hours=159) < leaf.not_after - leaf.not_before <= timedelta(hours=160)
    # thirty days before the end is before its beginning: half of its life is left alone
    assert not run(name=name, profile="shortlived")["changed"]
    other = run(name=name, profile="default")["certificates"][0]
    assert other["reason"] == "its profile is shortlived, default is wanted"


def test_addresses(start_acme: StartAcme, run_at: RunAt) -> None:
    acme = start_acme(NEWEST)
    item = run_at(acme)(name="127.0.0.1")["certificates"][0]
    assert item["error"] is None
    assert read_chain(chain_of(item)).names == {"127.0.0.1"}
    assert not run_at(acme)(name="127.0.0.1")["changed"]


@pytest.mark.parametrize("server", [OLDEST, NEWEST])
def test_the_preferred_chain(start_acme: StartAcme, run_at: RunAt, server: str) -> None:
    acme = start_acme(server, alternate_roots=2)
    run = run_at(acme)
    acme.dns.add("chains.acme.example")
    wanted = x509.load_pem_x509_certificate(acme.pebble.alternate_root(1).encode())
    (common_name,) = wanted.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    options = {"name": "chains.acme.example", "preferred_chain": str(common_name.value)}
    item = run(**options)["certificates"][0]
    last = x509.load_pem_x509_certificates(chain_of(item))[-1]
    last.verify_directly_issued_by(wanted)
    result = run(name="chains.acme.example", preferred_chain="No Such Root", force=True)
    assert "offers no chain to No Such Root" in str(result["warnings"])
