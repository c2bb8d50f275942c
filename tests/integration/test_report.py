# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report, through the playbook that operators run, about portals that the chain has made."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bed.ansible import Run
from integration.portal_site import LOGO, PLAYBOOKS, Site, changes

Report = dict[str, Any]
Reporter = Callable[..., tuple[Run, Report]]
LOCAL = {"ansible_connection": "local"}


@pytest.fixture
def report(site: Site, tmp_path: Path) -> Reporter:
    """Run the playbook; returns the run, and the report that is there then."""

    def run(
        *, check: bool = False, hosts: dict[str, Any] | None = None, **variables: Any
    ) -> tuple[Run, Report]:
        done = site.bed.ansible.run_playbook(
            PLAYBOOKS / "report.yml",
            inventory={"modoboa": {"hosts": hosts or {"front": LOCAL}}},
            extra_vars={
                **site.bed.variables(),
                "virtualhosts_tenants": site.tenants,
                "virtualhosts_logo_directory": str(site.directory),
                "report_directory": str(tmp_path / "report"),
                "report_metrics_file": str(tmp_path / "portals.prom"),
                **variables,
            },
            check=check,
            diff=True,
        )
        assert done.rc == 0, done.stdout + done.stderr
        assert site.bed.modoboa.token not in done.stdout
        file = tmp_path / "report" / "report.json"
        return done, json.loads(file.read_text()) if file.exists() else {}

    return run


def tenant_of(report: Report, hostname: str) -> dict[str, Any]:
    """What a report says of a portal."""
    (found,) = [each for each in report["tenants"] if each["hostname"] == hostname]
    return dict(found)


def kinds(report: Report, hostname: str) -> set[str]:
    """The kinds of differences that it has."""
    return {each["kind"] for each in tenant_of(report, hostname)["drift"]}


def changed(run: Run) -> set[str]:
    """The tasks that changed something."""
    return {task for task, something in changes(run).items() if something}


def test_a_report_of_what_the_chain_has_made(site: Site, report: Reporter, tmp_path: Path) -> None:
    theme = {"colors": {"primary": "#123456"}, "logos": {"login": "logo.svg"}}
    fine = site.add("acacia", theme=theme, names=["webmail.acacia.test"])["hostname"]
    lost = site.add("bamboo", resolves=False)["hostname"]
    assert site.run("provision").rc != 0
    newcomer = site.add("clover")["hostname"]
    before = site.files()

    predicted, nothing = report(check=True)
    assert nothing == {}
    done, there = report()
    assert changed(predicted) == changed(done) != set()
    assert site.files() == before

    portal = tenant_of(there, fine)
    assert (portal["state"], portal["level"], portal["drift"]) == ("ready", "good", [])
    assert portal["certificate"]["not_after"] == site.record(fine)["certificate_valid_until"]
    assert portal["renewal"]["moment"] < portal["certificate"]["not_after"]
    assert tenant_of(there, lost)["level"] == "bad"
    assert "certificate:" in tenant_of(there, lost)["errors"][0]["text"]
    assert tenant_of(there, newcomer)["state"] == "new"
    page = (tmp_path / "report" / "index.html").read_text()
    assert base64.b64encode(LOGO.encode()).decode() in page
    assert (tmp_path / "report" / "index.html").stat().st_mode & 0o777 == 0o640
    metrics = (tmp_path / "portals.prom").read_text()
    assert f'modoboa_portal_state{{portal="{fine}",' in metrics
    assert [file.name for file in tmp_path.glob("portals.prom*")] == ["portals.prom"]

    again, later = report()
    assert again.changed == 0, changes(again)
    assert later["digest"] == there["digest"]
    # It says of when it is all the same
    assert later["generated"] > there["generated"]
    # From -e it is a text, and of who issues nothing there are no renewals
    assert tenant_of(report(report_issues="false")[1], fine)["renewal"] is None
    (tmp_path / "portals.prom").unlink()
    assert report()[0].changed > 0
    assert (tmp_path / "portals.prom").exists()


@pytest.mark.extended
def test_a_report_of_what_was_done_by_hand(site: Site, report: Reporter) -> None:
    modoboa = site.bed.modoboa
    theme = {"colors": {"primary": "#123456"}}
    names = [site.add(label, theme=theme)["hostname"] for label in ("daisy", "heather", "iris")]
    daisy, erica, fuchsia = names
    assert site.run("provision").rc == 0
    there = report()[1]
    assert not any(kinds(there, name) for name in names)

    site.block(daisy).unlink()
    pk = site.record(erica)["pk"]
    modoboa.request("POST", f"virtualhosts/{pk}/set_state/", json={"enabled": False})
    modoboa.request("PUT", f"virtualhosts/{pk}/theme/", json={"theme_label_color": "#abcdef"})
    told = {"name": daisy, "status": "ready", "certificate_valid_until": "2030-01-01T00:00:00Z"}
    modoboa.request("POST", "virtualhosts/report/", json={"reports": [told]})
    retired = site.tenants.pop()
    try:
        done, there = report()
    finally:
        site.tenants.append(retired)
    assert done.changed > 0
    assert kinds(there, daisy) == {"no_block", "other_certificate_recorded"}
    assert tenant_of(there, daisy)["level"] == "bad"
    assert kinds(there, erica) == {"disabled_in_modoboa", "disabled_but_served", "theme_differs"}
    assert kinds(there, fuchsia) == {
        "no_tenant",
        "block_without_tenant",
        "certificate_without_tenant",
    }
    # What it says, provisioning mends
    assert site.run("provision").rc == 0
    there = report()[1]
    assert not any(kinds(there, name) for name in names)


@pytest.mark.extended
def test_what_is_missing_is_in_the_report(site: Site, report: Reporter) -> None:
    hostname = site.add("ginger")["hostname"]
    away: dict[str, Any] = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": 1,
    }
    hosts = {"away": away, "front": LOCAL}
    _done, there = report(hosts=hosts, virtualhosts_modoboa_url="https://127.0.0.1:1")
    reached = {each["host"]: each["reached"] for each in there["hosts"]}
    assert reached == {"away": False, "front": True}
    assert "127.0.0.1" in there["hosts"][0]["problems"][0]
    (instance,) = there["instances"]
    assert not instance["reached"]
    assert "127.0.0.1:1" in instance["problem"]
    portal = tenant_of(there, hostname)
    assert (portal["state"], portal["missing_hosts"]) == ("unknown", ["away"])

    site.tenants[0]["domains"] = "ginger.test"
    site.tenants[0]["theme"] = {"colors": {"primary": "red"}}
    try:
        _done, there = report(virtualhosts_nginx_binary="/nowhere/nginx")
    finally:
        site.tenants[0] = {"hostname": hostname, "domains": ["ginger.test"]}
    assert "write it as a list" in " ".join(there["hosts"][0]["problems"])
    # Others are those that other tests of this process have left in Modoboa
    assert hostname not in [each["hostname"] for each in there["tenants"]]
    _done, there = report(virtualhosts_nginx_binary="/nowhere/nginx")
    assert "/nowhere/nginx" in " ".join(there["hosts"][0]["problems"])
