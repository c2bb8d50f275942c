# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example project's job templates, by ansible-runner in the execution environment, on real hosts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from bed import Bed
from bed.host import HOME, Host
from bed.ports import LOOPBACK, MACHINE
from bed.prefix import CHECKOUT
from integration.awx_jobs import Job, Runner
from integration.portal_site import LOGO

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(os.geteuid() != 0, reason="hosts in containers take root"),
]

EXAMPLE = CHECKOUT / "docs/example"
CA = "/etc/ssl/test-bed-ca.pem"
FRONTEND = "/srv/modoboa/instance/frontend/index.html"
LABELS = ("one", "two")
NAMES = [f"mail.{label}.jobs.test" for label in LABELS]
# Relative to the project, as are the logos
TEMPLATES = "templates/nginx"
MARK = "# A template of the project"
TEMPLATE = f"""\
{{% extends "mailhost.modoboa/present.conf.j2" %}}
{{% block more %}}
    {MARK}
{{% endblock %}}
"""
BLOCKS = "/etc/nginx/sites-enabled"
CERTIFICATES = "/var/lib/modoboa-virtualhosts/certs"
THEME = {"colors": {"primary": "#123456"}, "logos": {"login": "logo.svg"}}


class Site:
    """A Modoboa, a host that issues, a further front end, and an AWX that has the example project."""

    def __init__(self, bed: Bed, host: Host, edge: Host, project: Path) -> None:
        self.bed, self.host, self.edge = bed, host, edge
        for each in (host, edge):
            self._prepare(each)
        # A job has one key for all hosts
        (key,) = host.directory.glob("id_ed25519.pub")
        edge.write(f"{HOME}/.ssh/authorized_keys2", key.read_text())
        shutil.copytree(EXAMPLE / "awx", project)
        portals = (EXAMPLE / "portals.modoboa_vhost.yml").read_text()
        # The credential says it
        (project / "portals.modoboa_vhost.yml").write_text(portals.replace("url:", "#"))
        (project / "logo.svg").write_text(LOGO)
        (project / TEMPLATES).mkdir(parents=True)
        (project / TEMPLATES / "present.conf.j2").write_text(TEMPLATE)
        known = [f"--add-host={name}:{host.address}" for name in NAMES]
        self.runner = Runner(bed.layout.prefix, project, known)
        self._project = project

    def _prepare(self, host: Host) -> None:
        host.run(["apt-get", "update"])
        # Without the libraries check mode could predict no more than their installation
        wanted = ["nginx-light", "python3-acme", "python3-dnspython"]
        host.run(["apt-get", "install", "--yes", "--no-install-recommends", *wanted])
        host.run(["rm", "/etc/nginx/sites-enabled/default"])
        host.run(["systemctl", "reload", "nginx"])
        host.write(CA, self.bed.acme.ca_path.read_text())
        host.write(FRONTEND, "Welcome")

    def inventory(self) -> dict[str, Any]:
        """The hosts with their tenants, as AWX has it."""
        variables: dict[str, Any] = {
            "modoboa_url": self.bed.modoboa.url,
            "acme_directory": self.bed.acme.directory_url.replace(LOOPBACK, MACHINE),
            "acme_ca_path": CA,
            "acme_terms_agreed": True,
            "look_resolver": self.bed.dns.address.replace(LOOPBACK, MACHINE),
            "front_end_certificates": "copied",
            "nginx_templates": TEMPLATES,
            "tenants": [
                {"hostname": name, "domains": [name.partition(".")[2]], "theme": THEME}
                for name in NAMES
            ],
        }
        common = {f"virtualhosts_{name}": value for name, value in variables.items()}
        # Nobody comes to it
        redirect = {"virtualhosts_nginx_challenge_host": "issuer.example"}
        hosts = {
            "front": {**_address(self.host), **common},
            "edge": {**_address(self.edge), **common, **redirect},
        }
        groups = {"modoboa": {"hosts": ["front"]}, "front_ends": {"hosts": ["edge"]}}
        return {**groups, "_meta": {"hostvars": hosts}}

    def run(
        self,
        playbook: str,
        survey: Mapping[str, str],
        *,
        portals: bool = False,
        check: bool = False,
    ) -> Job:
        """Launch a job template; with ``portals`` on the inventory that comes from Modoboa."""
        (key,) = self.host.directory.glob("id_ed25519")
        job = self.runner.run(
            f"{playbook}.yml",
            self._project / "portals.modoboa_vhost.yml" if portals else self.inventory(),
            environment={
                "MODOBOA_URL": self.bed.modoboa.url,
                "MODOBOA_TOKEN": self.bed.modoboa.token,
                "MODOBOA_CA_PATH": "/runner/env/modoboa.pem",
            },
            files={
                "ssh_key": key.read_text(),
                "modoboa.pem": self.bed.modoboa.ca_path.read_text(),
                "issuer.pem": self.bed.issuer_file().read_text(),
            },
            survey=survey,
            arguments=" ".join(
                [
                    "--user root",
                    *(["--check --diff"] if check else []),
                    # Others may have left portals of theirs
                    *([f"--limit {','.join(NAMES)}"] if portals else []),
                ]
            ),
        )
        assert self.bed.modoboa.token not in job.stdout + job.events
        assert "PRIVATE KEY" not in job.stdout + job.events
        return job

    def look(self, days: int) -> Job:
        """Launch the look at the portals, on the inventory that comes from Modoboa."""
        wanted = {"look_days": str(days), "look_ca_path": "/runner/env/issuer.pem"}
        return self.run("look", wanted, portals=True)

    def states(self) -> dict[str, str]:
        """Virtual host → its state, in Modoboa."""
        answer = self.bed.modoboa.request("GET", "virtualhosts/", params={"page_size": 1000})
        found = {host["name"]: host["provisioning_status"] for host in answer.json()["results"]}
        return {name: found[name] for name in NAMES if name in found}


def _address(host: Host) -> dict[str, Any]:
    """What the inventory says of a host. The key is the credential's."""
    return {name: host.variables()[name] for name in ("ansible_host", "ansible_port")}


@pytest.fixture(scope="module")
def site(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    published = {bed.nginx.http_port: 80, 443: 443}
    number = os.getpid()
    with Host(f"jobs-{number}", published=published) as host, Host(f"edge-{number}") as edge:
        for name in NAMES:
            bed.dns.add(name, address=host.address)
            bed.modoboa.create_domain(name.partition(".")[2])
        yield Site(bed, host, edge, tmp_path_factory.mktemp("awx") / "project")
        for name in NAMES:
            bed.dns.remove(name)
            bed.modoboa.delete_domain(name.partition(".")[2])


def test_from_a_survey_to_portals_and_back(site: Site) -> None:
    predicted = site.run("provision", {"tenant": ""}, check=True)
    assert predicted.status == "successful", predicted.stdout
    assert site.states() == {}

    # One of them, as the survey has it
    done = site.run("provision", {"tenant": f" {NAMES[0]}, "})
    assert done.status == "successful", done.stdout
    assert site.states() == {NAMES[0]: "ready"}
    done = site.run("provision", {"tenant": ""})
    assert done.status == "successful", done.stdout
    assert site.states() == dict.fromkeys(NAMES, "ready")

    for playbook in ("provision", "renew"):
        assert site.run(playbook, {"tenant": ""}).changed == 0

    # Both questions left unanswered, the further front end has all of it, with the project's template
    fleet = site.run("fleet", {"tenant": "", "virtualhosts_serial": ""})
    assert fleet.status == "successful", fleet.stdout
    for host in (site.host, site.edge):
        blocks = host.run(["sh", "-c", f"cat {BLOCKS}/*"])
        assert blocks.count(MARK) == len(NAMES)
        assert set(NAMES) <= set(host.run(["ls", CERTIFICATES]).split())

    answered = {"tenant": NAMES[1], "virtualhosts_serial": "1"}
    for playbook in ("fleet", "fleet_renew", "front_ends"):
        deployed = site.run(playbook, answered)
        assert deployed.status == "successful", deployed.stdout
        assert deployed.changed == 0
    assert site.run("fleet_renew", {"tenant": "", "virtualhosts_serial": ""}).changed == 0

    assert site.run("report", {}).status == "failed"
    place = {"report_delegate_to": "front", "report_directory": "/srv/report"}
    reported = site.run("report", place)
    assert reported.status == "successful", reported.stdout
    assert NAMES[0] in site.host.run(["cat", "/srv/report/report.json"])

    seen = site.look(days=1)
    assert seen.status == "successful", seen.stdout
    assert set(seen.stats["ok"]) >= set(NAMES)
    assert site.look(days=100000).status == "failed"

    # An answer that is left out, or is nobody
    for nobody in ("", " , "):
        assert site.run("retire", {"tenant": nobody}).status == "failed"
    assert site.states() == dict.fromkeys(NAMES, "ready")
    gone = site.run("retire", {"tenant": ",".join(NAMES), "virtualhosts_revoke": "true"})
    assert gone.status == "successful", gone.stdout
    # The further front end's, too
    for host in (site.host, site.edge):
        left = host.run(["ls", BLOCKS, CERTIFICATES])
        assert not any(name in left for name in NAMES)
    assert site.states() == {}


def test_the_job_that_fails_the_workflow(site: Site) -> None:
    failed = site.run("failed", {"tenant": ""})
    assert failed.status == "failed"
    assert "Provision portals" in failed.stdout
