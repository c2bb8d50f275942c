# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_account against real CAs, and what its account is good for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bed.acme_bed import AcmeBed
from bed.challenge_nginx import STATELESS_DOMAIN
from integration.acme_servers import EACH_SERVER, OLDEST, StartAcme

MODULE = "ansible_collections.mailhost.modoboa.plugins.modules.acme_account"
SECRET = urlsafe_b64encode(b"k" * 32).decode().rstrip("=")
OTHER_SECRET = urlsafe_b64encode(b"o" * 32).decode().rstrip("=")
CONTACT = ["hostmaster@example.com"]

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """A storage of the test's own, and so an account of its own."""
    return tmp_path / "storage"


@pytest.fixture
def run(acme_bed: AcmeBed, storage: Path) -> Run:
    """Run the module with Ansible, more or other options given."""
    return runner(acme_bed, storage)


def account_options(bed: AcmeBed, storage: Path) -> dict[str, Any]:
    """Return the options that every ACME module has, for this CA."""
    return {
        "acme_directory": bed.acme.directory_url,
        "ca_path": str(bed.acme.ca_path) if bed.acme.ca_path else None,
        "terms_agreed": True,
        "storage": str(storage),
    }


def runner(bed: AcmeBed, storage: Path) -> Run:
    def call(module: str = "acme_account", check: bool = False, **options: Any) -> dict[str, Any]:
        common = {**account_options(bed, storage), "account_contact": CONTACT}
        return bed.ansible.run_module(module, {**common, **options}, check=check)

    return call


def predicted(run: Run, **options: Any) -> dict[str, Any]:
    """Run in check mode and then in earnest, and see that both say the same."""
    foretold = run(check=True, **options)
    done = run(**options)
    assert not done["failed"], done
    assert foretold["changed"] == done["changed"]
    assert foretold.get("diff") == done.get("diff")
    assert foretold["account"]["reason"] == done["account"]["reason"]
    return done


def issue(bed: AcmeBed, run: Run, name: str) -> dict[str, Any]:
    """Let acme_cert issue with the account; nginx answers with the thumbprint it was told."""
    hostname = f"{name}.{STATELESS_DOMAIN}"
    bed.dns.add(hostname)
    return run("acme_cert", name=hostname, challenge="stateless", look_first=False, retry=True)


def account_folder(storage: Path) -> Path:
    (folder,) = (storage / "account").iterdir()
    return folder


def test_predicted_created_and_left_alone(run: Run, storage: Path) -> None:
    assert run(check=True)["account"]["status"] == "absent"
    assert not storage.exists()
    created = predicted(run)
    account = created["account"]
    assert account["uri"].startswith("http")
    assert len(account["thumbprint"]) == 43
    assert account["contact"] == [f"mailto:{address}" for address in CONTACT]
    assert account["key_type"] == "P-256"
    assert account["status"] == "valid"
    assert account["reason"] == "no account is recorded here"
    for name in ("key.pem", "account.json"):
        assert (account_folder(storage) / name).stat().st_mode & 0o777 == 0o600
    again = predicted(run)
    assert not again["changed"]
    assert again["account"] == {**account, "changed": False, "reason": None}
    assert "PRIVATE KEY" not in json.dumps([created, again])


def test_acme_cert_uses_the_same_account(acme_bed: AcmeBed, run: Run) -> None:
    account = run()["account"]
    acme_bed.nginx.answer_stateless(account["thumbprint"])
    issued = issue(acme_bed, run, "same-account")
    assert issued["changed"]
    assert issued["account"]["uri"] == account["uri"]
    assert not issued["account"]["changed"]


def test_no_consent_no_account(run: Run, storage: Path) -> None:
    refused = run(terms_agreed=False)
    assert "terms of service" in refused["msg"]
    assert not storage.exists()


def test_contact_follows(run: Run) -> None:
    run()
    other = ["new@example.com"]
    changed = predicted(run, account_contact=other)
    assert changed["account"]["reason"] == "the contact differs"
    assert changed["account"]["contact"] == ["mailto:new@example.com"]
    assert not run(account_contact=other)["changed"]
    assert not run(account_contact=None)["changed"]


def test_found_again_by_its_key(run: Run, storage: Path) -> None:
    before = run()["account"]
    (account_folder(storage) / "account.json").unlink()
    found = predicted(run, terms_agreed=False)
    assert found["changed"]
    assert found["account"]["uri"] == before["uri"]
    assert not run()["changed"]


def test_another_key_and_what_web_servers_have_to_be_told(acme_bed: AcmeBed, run: Run) -> None:
    before = run()["account"]
    acme_bed.nginx.answer_stateless(before["thumbprint"])
    rolled = predicted(run, account_key_type="RSA-2048")
    assert rolled["account"]["reason"] == "the key is P-256, RSA-2048 is wanted"
    assert rolled["account"]["uri"] == before["uri"]
    assert rolled["account"]["thumbprint"] != before["thumbprint"]
    assert rolled["account"]["key_type"] == "RSA-2048"
    assert not run(account_key_type="RSA-2048")["changed"]
    assert not run()["changed"]

    assert issue(acme_bed, run, "rolled-over")["failed"]
    acme_bed.nginx.answer_stateless(rolled["account"]["thumbprint"])
    assert issue(acme_bed, run, "rolled-over")["changed"]


def test_a_new_key_in_every_run(run: Run) -> None:
    thumbprints = [predicted(run, new_key=True)["account"]["thumbprint"] for _run in range(3)]
    assert len(set(thumbprints)) == 3


def test_deactivated_once(run: Run, storage: Path) -> None:
    account = run()["account"]
    copy = shutil.copytree(storage, storage.with_name("copy"))
    removed = predicted(run, state="absent", terms_agreed=False)
    assert removed["account"]["uri"] == account["uri"]
    assert removed["account"]["status"] == "deactivated"
    assert list((storage / "account").iterdir()) == []
    again = predicted(run, state="absent")
    assert not again["changed"]
    assert again["account"]["status"] == "absent"

    # another host still has the folder
    assert run(state="absent", storage=str(copy))["changed"]
    assert run()["account"]["uri"] != account["uri"]


def test_a_deactivated_account_is_an_error_that_says_what_to_do(
    acme_bed: AcmeBed, run: Run, storage: Path
) -> None:
    run()
    copy = shutil.copytree(storage, storage.with_name("copy"))
    run(state="absent")
    # some CAs forget an account with its key: then it is created again
    failed = run(storage=str(copy), account_contact=["new@example.com"])
    if failed["failed"]:
        assert "Remove it with acme_account and state absent" in failed["msg"]
        assert failed["problem"]["type"].endswith(":unauthorized")
    else:
        assert acme_bed.acme.name == "acme2certifier"


def test_a_ca_that_has_forgotten_everything(start_acme: StartAcme, storage: Path) -> None:
    bed = start_acme(OLDEST)
    run = runner(bed, storage)
    before = run()["account"]
    bed.stop_acme()
    bed.start_acme()
    refused = run(account_contact=["new@example.com"], terms_agreed=False)
    # where the CA was asked anyway, it says itself where its terms are
    assert "Read them (data:text/plain,Do%20what%20thou%20wilt)" in refused["msg"]
    renewed = run(account_contact=["new@example.com"])
    assert renewed["changed"]
    assert renewed["account"]["uri"] != before["uri"]
    assert renewed["account"]["thumbprint"] == before["thumbprint"]
    bed.stop_acme()
    assert "cannot be reached" in run(state="absent")["msg"]
    bed.start_acme()
    assert run(state="absent")["account"]["status"] == "deactivated"


@pytest.mark.parametrize("server", EACH_SERVER)
def test_bound_to_an_account_that_the_ca_knows(
    start_acme: StartAcme, storage: Path, server: str
) -> None:
    bed = start_acme(server, external_accounts={"customer-1": SECRET})
    run = runner(bed, storage)
    assert "Set eab_kid and eab_hmac_key" in run()["msg"]
    assert "not base64url" in run(eab_kid="customer-1", eab_hmac_key="S3cret!")["msg"]
    assert not storage.exists()

    refused = run(eab_kid="customer-1", eab_hmac_key=OTHER_SECRET)
    assert "Make sure that eab_kid, eab_hmac_key and eab_algorithm" in refused["msg"]
    created = run(eab_kid="customer-1", eab_hmac_key=f"{SECRET}=")
    assert created["changed"], created
    assert not run()["changed"]
    assert predicted(run, new_key=True)["account"]["uri"] == created["account"]["uri"]
    assert SECRET not in json.dumps([refused, created])

    bed.nginx.answer_stateless(run()["account"]["thumbprint"])
    issued = issue(bed, run, "bound")
    assert issued["changed"], issued["msg"]


def test_acme_cert_binds_its_account_too(start_acme: StartAcme, storage: Path) -> None:
    bed = start_acme(OLDEST, external_accounts={"customer-1": SECRET})
    run = runner(bed, storage)
    result = bed.ansible.run_module(
        "acme_cert",
        account_options(bed, storage),
        environment={"ACME_EAB_KID": "customer-1", "ACME_EAB_HMAC_KEY": SECRET},
    )
    assert result["account"]["changed"]
    assert not run(account_contact=None)["changed"]


@pytest.mark.extended
def test_killed_during_a_change_of_keys(start_acme: StartAcme, storage: Path) -> None:
    """Whenever it is killed, the next run has the same account and a key that the CA knows."""
    bed = start_acme(OLDEST)
    run = runner(bed, storage)
    uri = run()["account"]["uri"]
    options = {**account_options(bed, storage), "new_key": True}
    arguments = storage.with_name("arguments.json")
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
    next_key = account_folder(storage) / "key.pem.next"
    interrupted = 0
    for step in range(10):
        process = start(bed, arguments)
        while process.poll() is None and not next_key.exists():
            time.sleep(0.0005)
        time.sleep(0.001 * step)
        process.kill()
        process.wait()
        interrupted += next_key.exists()
        # acme_cert settles it as well
        after = run("acme_cert") if step % 2 else run()
        assert not after["failed"], after
        assert after["account"]["uri"] == uri
        assert not run()["changed"]
        assert not next_key.exists()
    assert interrupted
    bed.nginx.answer_stateless(run()["account"]["thumbprint"])
    assert issue(bed, run, "killed")["changed"]
    assert predicted(run, state="absent")["account"]["uri"] == uri


def start(bed: AcmeBed, arguments: Path) -> subprocess.Popen[bytes]:
    """Start the module without Ansible around it, to be killed."""
    prefix = bed.layout.prefix
    return subprocess.Popen(
        [prefix.python("controller"), "-m", MODULE, str(arguments)],
        env={"PYTHONPATH": str(prefix.collections), "PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
