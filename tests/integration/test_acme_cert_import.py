# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert_import with hundreds of certificates, as Ansible runs it."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    key_to_pem,
    make_key,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from integration.acme_servers import NEWEST, StartAcme
from unit.plugins.module_utils.acme.issuing import issue

# Far from the time that three modules take by themselves on a machine with much else to do
SECONDS = 30


@pytest.mark.extended
def test_five_hundred_in_seconds(start_acme: StartAcme, tmp_path: Path) -> None:
    ansible = start_acme(NEWEST).ansible
    issuing, serving = tmp_path / "issuing", tmp_path / "serving"
    store, now = CertificateStore(issuing), datetime.now(timezone.utc)
    names = [f"mail.t{number}.example" for number in range(500)]
    for name in names:
        key = make_key("P-256")
        with store.lock(name):
            chain = issue([name], key.public_key(), now)
            store.publish(name, chain, key_to_pem(key), Origin("https://ca.test"), now)
    begun = time.monotonic()
    asked = ansible.run_module("acme_cert_import", {"storage": str(serving), "names": names})
    wish = {"storage": str(issuing), "fingerprints": asked["fingerprints"]}
    handed = ansible.run_module("acme_cert_export", {**wish, "recipient": asked["recipient"]})
    delivery = {"storage": str(serving), "offered": handed["offered"]}
    predicted = ansible.run_module("acme_cert_import", delivery, check=True)
    done = ansible.run_module("acme_cert_import", {**delivery, "sealed": handed["sealed"]})
    assert not done["failed"], done.get("msg")
    assert time.monotonic() - begun < SECONDS
    assert len(done["certificates"]) == len(names)
    assert all(each["changed"] for each in done["certificates"])
    assert predicted["certificates"] == done["certificates"]
    assert predicted["diff"] == done["diff"]
    assert "PRIVATE" not in repr(done)
    for name in (names[0], names[-1]):
        key_file = serving / "certs" / name / "privkey.pem"
        assert key_file.read_bytes() == store.key_path(name).read_bytes()
        assert key_file.stat().st_mode & 0o777 == 0o600
    again = ansible.run_module("acme_cert_import", {**delivery, "sealed": handed["sealed"]})
    assert not again["changed"]


@pytest.mark.extended
def test_one_and_then_no_more(start_acme: StartAcme, tmp_path: Path) -> None:
    acme = start_acme(NEWEST)
    name = "fine.example"
    acme.dns.add(name)
    assert not acme.ansible.run_module("acme_cert", {**acme.module_options(), "name": name})[
        "failed"
    ]
    question = {"storage": str(tmp_path), "names": [name]}
    asked = acme.ansible.run_module("acme_cert_import", question)
    wish = {"storage": str(acme.storage), "recipient": asked["recipient"]}
    handed = acme.ansible.run_module(
        "acme_cert_export", {**wish, "fingerprints": asked["fingerprints"]}
    )
    delivery = {"storage": str(tmp_path), "offered": handed["offered"], "sealed": handed["sealed"]}
    done = acme.ansible.run_module("acme_cert_import", delivery)
    assert (done["failed"], done["changed"]) == (False, True), done
    info = acme.ansible.run_module("acme_cert_info", question)["certificates"][0]
    assert (info["present"], info["serial"]) == (True, done["certificates"][0]["serial"])
    asked = acme.ansible.run_module("acme_cert_import", question)
    handed = acme.ansible.run_module(
        "acme_cert_export", {**wish, "fingerprints": asked["fingerprints"]}
    )
    assert (handed["offered"], handed["sealed"]) == ([], None)
