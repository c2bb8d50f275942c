# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert_export with what a CA has issued, as Ansible runs it."""

from __future__ import annotations

from pathlib import Path

from integration.acme_servers import NEWEST, StartAcme


def test_hands_out_what_differs_and_shows_no_key(start_acme: StartAcme, tmp_path: Path) -> None:
    acme = start_acme(NEWEST)
    name = "fine.example"
    acme.dns.add(name)
    issued = acme.ansible.run_module("acme_cert", {**acme.module_options(), "name": name})
    assert not issued["failed"], issued
    asked = acme.ansible.run_module("acme_cert_import", {"storage": str(tmp_path), "names": [name]})
    wish = {"storage": str(acme.storage), "fingerprints": asked["fingerprints"]}
    checked = acme.ansible.run_module("acme_cert_export", wish, check=True)
    assert ([each["name"] for each in checked["offered"]], checked["sealed"]) == ([name], None)
    done = acme.ansible.run_module("acme_cert_export", {**wish, "recipient": asked["recipient"]})
    assert (done["changed"], done["offered"]) == (False, checked["offered"])
    assert done["sealed"]
    key = (acme.storage / "certs" / name / "privkey.pem").read_text()
    assert key.splitlines()[1] not in repr(done)
