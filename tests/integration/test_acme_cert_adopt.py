# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_cert_adopt on what a real certbot has left, and acme_cert after it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import read_chain
from bed.acme_bed import AcmeBed
from bed.certbot import Certbot
from integration.acme_servers import NEWEST, StartAcme

NAMES = ["mail.adopt.example", "webmail.adopt.example"]


def adopt(acme: AcmeBed, certbot: Certbot, **options: Any) -> dict[str, Any]:
    """Predict, then do it; both have to come to the same, without a word of a key."""
    arguments = {
        "name": NAMES[0],
        "names": NAMES[1:],
        "storage": str(acme.storage),
        "acme_directory": acme.acme.directory_url,
        "certbot": str(certbot.configuration),
        **options,
    }
    predicted = acme.ansible.run_module("acme_cert_adopt", arguments, check=True)
    done = acme.ansible.run_module("acme_cert_adopt", arguments)
    assert not done["failed"], done
    parts = ("changed", "certificates", "account", "lineages", "diff")
    assert [predicted.get(part) for part in parts] == [done.get(part) for part in parts]
    assert "PRIVATE" not in json.dumps(done)
    return done


@pytest.mark.extended
def test_acme_cert_goes_on_where_certbot_stopped(start_acme: StartAcme) -> None:
    acme = start_acme(NEWEST)
    certbot = Certbot(acme.directory / "certbot", acme.acme.directory_url, acme.acme.ca_path)
    # Another order of names, one more of them, and another kind of key than acme_cert would choose
    names = ["more.adopt.example", *reversed(NAMES)]
    acme.dns.add(*names)
    live = certbot.issue(acme.nginx.webroot, *names, more=("--key-type", "rsa"))
    chain = (live / "fullchain.pem").read_bytes()
    hooked = certbot.issue(acme.nginx.webroot, NAMES[0], more=("--deploy-hook", "true"))

    done = adopt(acme, certbot)
    assert done["certificates"][0]["source"] == str(live / "fullchain.pem")
    assert done["account"]["changed"]
    assert not adopt(acme, certbot)["changed"]
    folder = acme.storage / "certs" / NAMES[0]
    assert (folder / "fullchain.pem").read_bytes() == chain
    assert (folder / "privkey.pem").resolve().stat().st_mode & 0o777 == 0o600

    # The account is certbot's, and nothing is ordered
    account = acme.ansible.run_module("acme_account", options(acme))["account"]
    state = json.loads((folder / "state.json").read_text())
    assert account["uri"] == state["account"]
    assert account["thumbprint"] == done["account"]["thumbprint"]
    kept = acme.ansible.run_module("acme_cert", {**options(acme), **wanted()})
    assert (kept["failed"], kept["changed"]) == (False, False), kept
    assert kept["certificates"][0]["key_type"] == "RSA-2048"

    # certbot renews no more what has no other names
    stopped = adopt(acme, certbot, certbot_renewal="stopped")
    assert {each["name"]: each["changed"] for each in stopped["lineages"]} == {
        hooked.name: True,
        live.name: False,
    }
    listed = certbot.run("certificates")
    assert f"Certificate Name: {live.name}" in listed
    assert f"Certificate Name: {hooked.name}" not in listed

    # The CA takes the next one for the successor, and has it revoked by its account
    forced = acme.ansible.run_module("acme_cert", {**options(acme), **wanted(), "force": True})
    assert forced["changed"], forced
    assert "adopted" not in json.loads((folder / "state.json").read_text())
    assert not adopt(acme, certbot)["changed"]


def test_one_that_was_taken_over_can_be_revoked(start_acme: StartAcme) -> None:
    acme = start_acme(NEWEST)
    certbot = Certbot(acme.directory / "certbot", acme.acme.directory_url, acme.acme.ca_path)
    acme.dns.add(*NAMES)
    certbot.issue(acme.nginx.webroot, *NAMES)
    adopt(acme, certbot)
    revoked = acme.ansible.run_module(
        "acme_cert", {**options(acme), **wanted(), "state": "revoked"}
    )
    assert revoked["changed"], revoked
    assert acme.pebble.revoked(revoked["certificates"][0]["serial"])


def test_one_of_several_tenants_is_not_revoked_for_one_of_them(start_acme: StartAcme) -> None:
    acme = start_acme(NEWEST)
    certbot = Certbot(acme.directory / "certbot", acme.acme.directory_url, acme.acme.ca_path)
    acme.dns.add(*NAMES)
    certbot.issue(acme.nginx.webroot, *NAMES)
    first, second = ({"name": name, "names": []} for name in NAMES)
    for tenant in (first, second):
        adopt(acme, certbot, **tenant)

    gone = {**options(acme), **second, "state": "absent", "revoke": True}
    removed = acme.ansible.run_module("acme_cert", gone)
    assert removed["changed"], removed
    chain = (acme.storage / "certs" / NAMES[0] / "fullchain.pem").read_bytes()
    serial = read_chain(chain).serial
    assert not acme.pebble.revoked(serial)
    assert f"not revoked, because {NAMES[0]} use" in str(removed["warnings"])

    # What was stolen is revoked for both
    adopt(acme, certbot, **second)
    stolen = {**options(acme), **first, "state": "revoked", "revocation_reason": "key_compromise"}
    assert acme.ansible.run_module("acme_cert", stolen)["changed"]
    assert acme.pebble.revoked(serial)
    anew = acme.ansible.run_module("acme_cert", {**options(acme), **second, "look_first": False})
    assert anew["certificates"][0]["reason"].startswith("it was revoked on "), anew
    assert anew["certificates"][0]["issued"]


def options(acme: AcmeBed) -> dict[str, Any]:
    """Those of the acme modules; acme_account has no look at names."""
    return {
        name: value for name, value in acme.module_options().items() if not name.startswith("look_")
    }


def wanted() -> dict[str, Any]:
    """The certificate as acme_cert is asked for it."""
    return {"name": NAMES[0], "names": NAMES[1:], "look_first": False}
