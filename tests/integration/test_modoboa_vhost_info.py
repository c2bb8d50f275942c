# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""modoboa_vhost_info against a real Modoboa: with the extension, and with the contract alone."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailhost.modoboa.plugins.modules import modoboa_vhost_info
from bed import Bed
from integration.modoboa_task import ModoboaTask
from integration.published_contract.server import PublishedContract

LABELS = ("one", "two", "three", "four")
NAMES = [f"mail.{label}.info.test" for label in LABELS]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'
QUESTIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["four", "one", "three", "two"]),
    ({"names": [NAMES[1], NAMES[0], "mail.none.info.test"]}, ["one", "two"]),
    ({"names": [NAMES[2]], "enabled": True}, []),
    ({"status": ["failed", "pending"]}, ["four", "two"]),
    ({"enabled": False}, ["three"]),
    ({"domain": "Two.info.test"}, ["two"]),
    ({"expiring_within": 14}, ["one"]),
    ({"expiring_within": 60, "enabled": False, "status": ["ready"]}, ["three"]),
    ({"names": [NAMES[0]], "theme": True}, ["one"]),
]


@pytest.fixture(scope="module")
def info(bed: Bed) -> ModoboaTask:
    """The module, and a Modoboa with virtual hosts in every state."""
    for label, name in zip(LABELS, NAMES, strict=True):
        bed.modoboa.create_domain(f"{label}.info.test", virtualhost=name)
    reports = [
        {"name": NAMES[0], "status": "ready", "certificate_valid_until": in_days(10)},
        {"name": NAMES[1], "status": "failed", "error": "The name does not resolve."},
        {"name": NAMES[2], "status": "ready", "certificate_valid_until": in_days(40)},
    ]
    bed.modoboa.request("POST", "virtualhosts/report/", json={"reports": reports})
    keys = {name: key_of(bed, name) for name in NAMES}
    state = f"virtualhosts/{keys[NAMES[2]]}/set_state/"
    bed.modoboa.request("POST", state, json={"enabled": False})
    theme = f"virtualhosts/{keys[NAMES[0]]}/theme"
    bed.modoboa.request("PUT", f"{theme}/", json={"theme_primary_color": "#1565c0"})
    logo = {"image": ("logo.svg", SVG, "image/svg+xml")}
    bed.modoboa.request("POST", f"{theme}_logo/", data={"logo_type": "menu"}, files=logo)
    return ModoboaTask(bed, "modoboa_vhost_info", "vhosts")


def in_days(days: int) -> str:
    """So many days and an hour from now."""
    moment = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def key_of(bed: Bed, name: str) -> int:
    """The key of a virtual host."""
    (host,) = bed.modoboa.request("GET", "virtualhosts/", params={"name": name}).json()["results"]
    key: int = host["pk"]
    return key


def ours(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of this file: others may have left some of theirs."""
    return [vhost for vhost in result["vhosts"] if vhost["name"] in NAMES]


def test_both_servers_answer_every_question_alike(
    bed: Bed, info: ModoboaTask, published_contract: PublishedContract
) -> None:
    elsewhere = {"ca_path": "", **published_contract.connection()}
    tasks = [{"check": True, **question} for question, _labels in QUESTIONS]
    tasks += [{**elsewhere, **question} for question, _labels in QUESTIONS]
    log = bed.layout.logs / "nginx-access.log"
    before = len(log.read_text().splitlines())
    results = info.run_each(*tasks)
    # By the collection: nginx may log what came before only after its answer has been read
    asked = [
        line.split('"')[1]
        for line in log.read_text().splitlines()[before:]
        if line.endswith('"mailhost.modoboa"')
    ]

    with_extension, contract_alone = results[: len(QUESTIONS)], results[len(QUESTIONS) :]
    for (_question, labels), here, there in zip(
        QUESTIONS, with_extension, contract_alone, strict=True
    ):
        wanted = [f"mail.{label}.info.test" for label in labels]
        assert [vhost["name"] for vhost in ours(here)] == wanted
        assert [{**vhost, "theme": None} for vhost in ours(here)] == [
            {**vhost, "theme": None} for vhost in ours(there)
        ]
        assert not here["changed"]
        assert here["missing"] == there["missing"]

    assert with_extension[1]["missing"] == ["mail.none.info.test"]
    one = ours(with_extension[6])[0]
    assert one["days_left"] == 10
    assert one["has_certificate"]
    assert one["domains"] == ["one.info.test"]
    assert ours(with_extension[3])[1]["error"] == "The name does not resolve."

    for result in (with_extension[-1], contract_alone[-1]):
        theme = ours(result)[0]["theme"]
        assert theme["colors"]["primary"] == "#1565c0"
        assert theme["logos"]["menu"] == hashlib.sha256(SVG).hexdigest()
        assert theme["logos"]["login"] is None
        assert theme["logo_urls"]["menu"]

    # The extension narrows the list down by itself
    assert any("provisioning_status=failed&provisioning_status=pending" in line for line in asked)
    assert any("certificate_valid_until_before=" in line for line in asked)
    assert not [line for line in asked if not line.startswith(("GET", "OPTIONS"))]


def test_examples(bed: Bed, info: ModoboaTask, tmp_path: Path) -> None:
    (play,) = yaml.safe_load(modoboa_vhost_info.EXAMPLES.replace("atlas.example", "one.info.test"))
    play["connection"] = "local"
    play["module_defaults"] = {"group/mailhost.modoboa.modoboa": info.connection()}
    play["tasks"] = [{**task, "ignore_errors": True} for task in play["tasks"]]
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(json.dumps([play]))
    run = bed.ansible.run_playbook(playbook)

    failed = {result.task for result in run.results if result.status != "ok"}
    assert failed == {"Insist that there is none"}
    (insisted,) = run.task("Insist that there is none")
    assert "mail.one.info.test expires in 10 days" in insisted.result["msg"]
    assert "mail.three.info.test" not in insisted.result["msg"]
    (reported,) = run.task("Report the state of each")
    lines = [line.split() for line in reported.result["msg"].splitlines()]
    assert ["mail.one.info.test", "ready", "10", "days", "one.info.test"] in lines
    assert ["mail.two.info.test", "failed", "-", "days", "two.info.test"] in lines
