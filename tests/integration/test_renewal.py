# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook ``renew``: who is told, who is warned of, and what the schedule gets to know."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from bed.ansible import Run
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from integration.portal_site import Site, changes, failure_message

TOPIC = "Tell who uses the certificates of portals"
LATE = "Tell who uses the certificates what an earlier run has published and not told"
# A key type that the certificate does not have makes it due
DUE: dict[str, Any] = {"virtualhosts_key_type": "P-384"}
SERVICE = f"no-such-service-{os.getpid()}"
# As -e gives it
LAME: dict[str, Any] = {"virtualhosts_reload": f"{SERVICE}, {SERVICE}-too"}


def renew(site: Site, handler: str = "/bin/true", **variables: Any) -> Run:
    """Run a playbook of an operator's own, with a handler that runs a program."""
    playbook = site.directory / "renew.yml"
    role = {"name": "mailhost.modoboa.virtualhosts", "tasks_from": "renew"}
    play = {
        "hosts": "modoboa",
        "gather_facts": False,
        "tasks": [{"name": "Renew", "import_role": role}],
        "handlers": [{"name": "Mine", "command": handler, "listen": TOPIC}],
    }
    playbook.write_text(json.dumps([play]))
    return site.run(str(playbook.with_suffix("")), **variables)


def nearly_ended(hostname: str) -> tuple[bytes, bytes]:
    """A certificate with the last of its ninety days, and its key; both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=89))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(pem), private


@pytest.mark.extended
def test_who_uses_the_certificates_is_told_and_so_is_modoboa(site: Site) -> None:
    tenant = site.add("abelia")
    hostname = tenant["hostname"]
    assert site.run("provision").rc == 0
    idle = renew(site)
    assert idle.rc == 0, idle.stdout
    assert (idle.changed, idle.task("Mine")) == (0, [])

    # A renewal that can neither tell Modoboa nor who uses the certificates
    away = renew(site, "/bin/false", virtualhosts_modoboa_token="wrong", **DUE)
    assert away.rc != 0
    # It is named all the same, before the handler ends the host
    (named,) = away.task(
        "Say who failed so far, since a handler of the play's own may end the host"
    )
    assert "Modoboa: Report expiries to Modoboa:" in " ".join(named.result["msg"])
    tasks = [result.task for result in away.results]
    serving = "Reload nginx and verify that each new certificate is served"
    assert tasks.index(serving) < tasks.index("Mine") == len(tasks) - 1

    stale = {"name": hostname, "certificate_valid_until": "2020-01-01T00:00:00Z"}
    site.bed.modoboa.request("POST", "virtualhosts/report/", json={"reports": [stale]})
    still_away = renew(site, virtualhosts_modoboa_token="wrong", **DUE)
    assert still_away.task("Mine")[0].status == "ok"
    message = failure_message(still_away)
    assert "All tenants are done, and yet:" in message
    assert "Modoboa: Report expiries to Modoboa:" in message

    predicted, done = (renew(site, check=check, **DUE) for check in (True, False))
    assert done.rc == 0, done.stdout
    assert changes(predicted) | {"Mine": True} == changes(done)
    assert done.task(LATE)[0].result["msg"] == [hostname]
    assert done.task("Mine")[0].status == "ok"
    assert not site.record(hostname)["certificate_valid_until"].startswith("2020")
    assert renew(site, **DUE).changed == 0


def test_who_fails_or_is_disabled_keeps_nobody_from_being_told(site: Site) -> None:
    site.add("daphne", theme={"logos": {"login": "logo.svg"}})
    lost = site.add("erica")
    closed = site.add("fuchsia")
    assert site.run("provision").rc == 0
    version = (site.bed.storage / "certs" / closed["hostname"] / "current").readlink()
    lost["names"] = ["nowhere.erica.test"]
    closed["disabled"] = True
    # Nor does a theme that nobody could apply
    (site.directory / "logo.svg").unlink()
    done = renew(site, **LAME, **DUE)
    del lost["names"], closed["disabled"]
    assert done.rc != 0
    message = failure_message(done)
    assert "1 of 2 tenants failed; the others are done." in message
    # Nor does a service that cannot be reloaded hide it
    assert f"{lost['hostname']}: certificate: " in message
    assert f"reload: {SERVICE}: " in message
    assert f"; {SERVICE}-too: " in message
    assert done.task("Mine")[0].status == "ok"
    assert renew(site).task(LATE)[0].status == "ok"
    assert (site.bed.storage / "certs" / closed["hostname"] / "current").readlink() == version


def test_what_renewals_report_as_failed_they_take_back(site: Site) -> None:
    tenant, unknown = site.add("ulmus"), site.add("vinca")
    assert site.run("provision").rc == 0
    # Somebody has deleted it
    site.bed.modoboa.request("DELETE", f"virtualhosts/{site.record(unknown['hostname'])['pk']}/")
    broken = renew(site, virtualhosts_nginx_binary="/nowhere/nginx")
    assert broken.rc != 0
    record = site.record(tenant["hostname"])
    assert record["last_provisioning_error"].startswith("renewal: Bring the blocks ")
    mended = renew(site)
    assert site.record(tenant["hostname"])["provisioning_status"] == "ready"
    # Whoever has no record keeps nobody else from that
    assert f"{unknown['hostname']}: report: " in failure_message(mended)
    assert not (site.bed.storage / "renewal_failed").exists()
    assert renew(site).changed == 0


@pytest.mark.extended
def test_who_is_retired_meanwhile_does_not_come_back(site: Site) -> None:
    hostname = site.add("wormwood")["hostname"]
    assert site.run("provision").rc == 0
    folder = site.bed.storage / "certs" / hostname
    # Asked for once it is known whose certificates are there
    retire = f"rm -rf {folder} {site.block(hostname)}; echo present"
    done = renew(site, virtualhosts__catch_all=f"{{{{ lookup('pipe', '{retire}') }}}}", **DUE)
    assert done.rc == 0, done.stdout
    (issued,) = done.task("Renew the certificates that are due")[0].result["certificates"]
    assert (issued["issued"], issued["present"]) == (False, False)
    assert not (folder / "fullchain.pem").exists()
    assert not site.block(hostname).exists()


@pytest.mark.extended
def test_nginx_loads_what_a_run_that_was_cut_off_has_published(site: Site) -> None:
    site.add("violet")
    assert site.run("provision").rc == 0
    serving = "Reload nginx and verify that each new certificate is served"
    unverified: dict[str, Any] = {"virtualhosts_nginx_verify": False}
    assert renew(site, **unverified).changed == 0
    told = site.bed.storage / "told"
    earlier = told.stat().st_mtime - 60
    os.utime(told, (earlier, earlier))
    (served,) = renew(site, **unverified).task(serving)
    assert served.result["reloaded"]
    assert renew(site, **unverified).changed == 0


@pytest.mark.extended
def test_a_run_for_some_leaves_the_others_to_be_told(site: Site) -> None:
    mine, other = (site.add(label)["hostname"] for label in ("rampion", "sanicle"))
    assert site.run("provision").rc == 0
    told = site.bed.storage / "told"
    earlier = told.stat().st_mtime - 60
    # As an earlier renewal leaves it that could not tell Modoboa
    os.utime(told, (earlier, earlier))
    done = renew(site, virtualhosts_only=[mine])
    assert done.rc == 0, done.stdout
    assert done.task("Mine")[0].status == "ok"
    assert told.stat().st_mtime == earlier
    everybody = renew(site)
    assert set(everybody.task(LATE)[0].result["msg"]) == {mine, other}
    assert told.stat().st_mtime > earlier
    assert renew(site, virtualhosts_only=[mine]).changed == 0


@pytest.mark.extended
def test_what_a_first_provisioning_could_not_tell_the_next_renewal_does(site: Site) -> None:
    # A host that has failed runs no handlers
    (site.bed.storage / "told").unlink(missing_ok=True)
    hostname = site.add("privet")["hostname"]
    site.add("quillwort", resolves=False)
    assert site.run("provision").rc != 0
    predicted, done = (renew(site, check=check) for check in (True, False))
    assert done.rc == 0, done.stdout
    assert changes(predicted) | {"Mine": True} == changes(done)
    assert done.task(LATE)[0].result["msg"] == [hostname]
    assert done.task("Mine")[0].status == "ok"
    assert renew(site).changed == 0


@pytest.mark.extended
def test_a_service_that_cannot_be_reloaded_ends_a_provisioning(site: Site) -> None:
    hostname = site.add("rockrose")["hostname"]
    done = site.run("provision", **LAME)
    assert done.rc != 0
    (last,) = done.task("Fail for services that could not be reloaded")
    assert f"reload: {SERVICE}: " in last.result["msg"]
    assert last is done.results[-1]
    assert site.record(hostname)["provisioning_status"] == "ready"
    assert renew(site).task(LATE)[0].result["msg"] == [hostname]
    again = site.run("provision", **LAME)
    assert (again.rc, again.changed) == (0, 0)


@pytest.mark.extended
def test_what_nobody_could_renew_is_named_and_noted(site: Site, tmp_path: Path) -> None:
    hostname = site.add("hyssop")["hostname"]
    assert site.run("provision").rc == 0
    notes = tmp_path / "notes"
    notes.mkdir()
    # Days are a text where they come from -e
    noting: dict[str, Any] = {
        "virtualhosts_renewal_notes": str(notes),
        "virtualhosts_danger_days": "5",
    }
    for partial in ({"check": True}, {"tenant": hostname}):
        assert site.run("renew", **noting, **partial).changed == 0
        assert list(notes.iterdir()) == []

    # Where it cannot be noted, that is said, and everybody is done
    nowhere = site.run("renew", virtualhosts_renewal_notes=str(tmp_path / "nowhere"))
    assert nowhere.rc != 0
    assert failure_message(nowhere).startswith("All tenants are done, and yet:")
    assert "expiry: Note how long the certificates last: " in failure_message(nowhere)

    site.bed.dns.remove(hostname)
    version = site.bed.storage / "certs" / hostname / "current"
    chain, key = nearly_ended(hostname)
    (version / "privkey.pem").write_bytes(key)
    (version / "fullchain.pem").write_bytes(chain)
    done = site.run("renew", **noting, **DUE)
    assert done.rc != 0
    message = failure_message(done)
    assert f"{hostname}: certificate: probe: " in message
    assert f"{hostname}: danger zone: its certificate ends " in message
    noted = json.loads((notes / "front.json").read_text())
    (certificate,) = noted.pop("certificates")
    assert noted == {"host": "front"}
    assert certificate.keys() == {"name", "not_after", "danger_from"}
    assert certificate["name"] == hostname

    # Nor is it lost sight of where the run does not even come to the certificates
    (notes / "front.json").unlink()
    broken = site.run("renew", virtualhosts_nginx_binary="/nowhere", **noting)
    assert f"{hostname}: danger zone: " in failure_message(broken)
    assert json.loads((notes / "front.json").read_text())["certificates"] == [certificate]
