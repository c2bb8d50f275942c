# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert against Pebble, with Debian's nginx to serve the challenges."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import read_chain
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    key_from_pem,
    public_der,
)
from bed import Bed
from cryptography import x509

MODULE = "ansible_collections.mailhost.modoboa.plugins.modules.acme_cert"
NOT_REACHED = "not-reached.acme.example"

# What nginx_vhost writes for a bootstrapped host, for many hosts at once
SERVERS = Template("""\
server {
  listen 127.0.0.1:$port;
  server_name *.acme.example;
  location /.well-known/acme-challenge/ { root $webroot; default_type text/plain; }
}
server {
  listen 127.0.0.1:$port;
  server_name *.stateless.example;
  default_type text/plain;
  location ~ "^/.well-known/acme-challenge/([-_a-zA-Z0-9]+)$$" { return 200 "$$1.$thumbprint"; }
}
""")

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def common(bed: Bed) -> dict[str, Any]:
    """The options that every task has: the bed's CA, and the bed's storage."""
    return {
        "acme_directory": bed.acme.directory_url,
        "ca_path": str(bed.acme.ca_path),
        "terms_agreed": True,
        "storage": str(bed.storage),
    }


@pytest.fixture(scope="module")
def run(bed: Bed, common: dict[str, Any]) -> Run:
    """Run the module with Ansible, more or other options given."""

    def call(check: bool = False, **options: Any) -> dict[str, Any]:
        arguments = {**common, **options}
        return bed.ansible.run_module("acme_cert", arguments, check=check)

    return call


@pytest.fixture(scope="module", autouse=True)
def served(bed: Bed, run: Run) -> Iterator[None]:
    """An nginx that serves the webroot, and answers by itself for names that end otherwise."""
    account = run()["account"]
    site = bed.nginx.sites_enabled / "acme-cert-test"
    site.write_text(
        SERVERS.substitute(
            port=bed.nginx.http_port,
            webroot=bed.storage / "webroot",
            thumbprint=account["thumbprint"],
        )
    )
    reload(bed)
    yield
    site.unlink()
    reload(bed)


def reload(bed: Bed) -> None:
    """Let nginx read its configuration again."""
    os.kill(int(bed.nginx.pid.read_text()), signal.SIGHUP)
    time.sleep(0.5)


@pytest.fixture
def names(bed: Bed, request: pytest.FixtureRequest) -> list[str]:
    """Names of the test's own that resolve."""
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    found = [f"{letter}-{stem}.acme.example" for letter in "abcd"]
    bed.dns.add(*found)
    return found


def chain_of(item: dict[str, Any]) -> bytes:
    return Path(item["fullchain"]).read_bytes()


def matching(item: dict[str, Any]) -> bool:
    key = key_from_pem(Path(item["privkey"]).read_bytes())
    return key is not None and read_chain(chain_of(item)).public_key == public_der(key.public_key())


def verified(bed: Bed, chain: bytes) -> bool:
    """Whether the leaf leads to the CA's root, by signature."""
    leaf, intermediate = x509.load_pem_x509_certificates(chain)[:2]
    root = x509.load_pem_x509_certificate(bed.acme.issuer_roots().encode())
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(root)
    return True


def test_predicted_issued_and_left_alone(bed: Bed, run: Run, names: list[str]) -> None:
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
    assert issued["diff"] == predicted["diff"]
    for item in issued["certificates"]:
        assert item["changed"]
        assert item["error"] is None
        assert matching(item)
        assert verified(bed, chain_of(item))
        assert item["directory"] == bed.acme.directory_url
        assert item["not_before"] < item["not_after"]
        assert Path(item["privkey"]).stat().st_mode & 0o777 == 0o600
    assert read_chain(chain_of(issued["certificates"][1])).names == {second, third}
    assert read_chain(chain_of(issued["certificates"][1])).key_type == "RSA-2048"

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
    reasons = [
        run(name=name, names=[other])["certificates"][0]["reason"],
        run(name=name, names=[other], key_type="P-384")["certificates"][0]["reason"],
        run(name=name, names=[other], key_type="P-384", force=True)["certificates"][0]["reason"],
        run(name=name, names=[other], key_type="P-384", renew_days=9999)["certificates"][0][
            "reason"
        ],
    ]
    assert reasons[:3] == [
        f"it lacks {other}",
        "the key is P-256, P-384 is wanted",
        "forced",
    ]
    # even then not in the first two thirds of its life
    assert reasons[3].startswith("valid until ")


def test_one_failure_stops_no_other(bed: Bed, run: Run, names: list[str]) -> None:
    bed.dns.remove(NOT_REACHED)
    certificates = [{"name": names[0]}, {"name": NOT_REACHED}, {"name": names[1]}]
    result = run(certificates=certificates)
    assert result["failed"]
    assert result["changed"]
    good, bad, also_good = result["certificates"]
    assert good["changed"]
    assert also_good["changed"]
    assert bad["failed"]
    assert bad["step"] == "authorization"
    assert bad["problem"]["identifier"] == NOT_REACHED
    assert bad["problem"]["url"].startswith("https://")
    assert result["msg"] == f"1 of 3 certificates failed: {NOT_REACHED}: {bad['error']}"
    again = run(certificates=certificates)
    assert not again["changed"]
    assert again["certificates"][1]["error"] == bad["error"]
    # and it heals
    bed.dns.add(NOT_REACHED)
    assert not run(certificates=certificates).get("failed")
    bed.dns.remove(NOT_REACHED)


def test_some_names_of_one_certificate_fail(bed: Bed, run: Run, names: list[str]) -> None:
    missing = [f"missing-{number}.acme.example" for number in (1, 2)]
    result = run(name=names[0], names=[names[1], *missing])
    problem = result["certificates"][0]["problem"]
    assert [each["identifier"] for each in problem["subproblems"]] == missing
    for name in missing:
        assert name in result["msg"]
    assert list((bed.storage / "webroot" / ".well-known" / "acme-challenge").iterdir()) == []


def test_stateless(bed: Bed, run: Run) -> None:
    name = "portal.stateless.example"
    bed.dns.add(name)
    challenges = bed.storage / "webroot" / ".well-known" / "acme-challenge"
    before = challenges.stat().st_mtime_ns if challenges.exists() else None
    result = run(name=name, challenge="stateless")
    assert not result["failed"]
    assert matching(result["certificates"][0])
    assert (challenges.stat().st_mtime_ns if challenges.exists() else None) == before


def test_an_rsa_account(bed: Bed, run: Run, names: list[str], tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    storage.mkdir()
    (storage / "webroot").symlink_to(bed.storage / "webroot")
    options = {"storage": str(storage), "account_key_type": "RSA-2048"}
    result = run(name=names[0], account_contact=["hostmaster@example.com"], **options)
    assert result["changed"]
    assert result["account"]["changed"]
    assert result["account"]["uri"].startswith("https://")
    assert not run(name=names[0], **options)["changed"]


def test_removed(run: Run, names: list[str]) -> None:
    item = run(name=names[0])["certificates"][0]
    assert run(check=True, name=names[0], state="absent")["changed"]
    assert Path(item["privkey"]).exists()
    removed = run(name=names[0], state="absent")
    assert removed["changed"]
    assert not Path(item["privkey"]).parent.exists()
    assert not run(name=names[0], state="absent")["changed"]


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


def test_environment_does_not_overrule_the_ca(
    bed: Bed, common: dict[str, Any], names: list[str]
) -> None:
    result = bed.ansible.run_module(
        "acme_cert",
        {**common, "name": names[0]},
        environment={"REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"},
    )
    assert result["changed"]


def test_an_unknown_ca_is_not_trusted(run: Run, names: list[str], tmp_path: Path) -> None:
    result = run(name=names[0], ca_path=None, storage=str(tmp_path))
    assert "cannot be verified" in result["msg"]
    assert "ca_path" in result["msg"]


def test_killed_and_run_again(bed: Bed, common: dict[str, Any], run: Run, names: list[str]) -> None:
    certificates = [{"name": name} for name in names]
    arguments = {**common, "certificates": certificates, "force": True}
    folder = bed.directory / "killed"
    folder.mkdir()
    (folder / "arguments.json").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
    prefix = bed.layout.prefix
    for milliseconds in (400, 500, 600, 700, 900):
        process = subprocess.Popen(
            [prefix.python("controller"), "-m", MODULE, str(folder / "arguments.json")],
            env={"PYTHONPATH": str(prefix.collections), "PATH": os.environ["PATH"]},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(milliseconds / 1000)
        process.kill()
        process.wait()
        for name in names:
            paths = {
                "fullchain": str(bed.storage / "certs" / name / "fullchain.pem"),
                "privkey": str(bed.storage / "certs" / name / "privkey.pem"),
            }
            there = [Path(path).exists() for path in paths.values()]
            assert there in ([True, True], [False, False])
            assert not there[0] or matching(paths)
    result = run(certificates=certificates)
    assert not result["failed"]
    assert all(matching(item) for item in result["certificates"])
    assert not run(certificates=certificates)["changed"]
