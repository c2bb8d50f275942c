# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example project's job templates, by ansible-runner in the execution environment, on a real host."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from bed import Bed
from bed.host import Host
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
THEME = {"colors": {"primary": "#123456"}, "logos": {"login": "logo.svg"}}


class Site:
    """A Modoboa, a front end with nginx, and an AWX that has the example project."""

    def __init__(self, bed: Bed, host: Host, project: Path) -> None:
        self.bed, self.host = bed, host
        host.run(["apt-get", "update"])
        # Without the libraries check mode could predict no more than their installation
        wanted = ["nginx-light", "python3-acme", "python3-dnspython"]
        host.run(["apt-get", "install", "--yes", "--no-install-recommends", *wanted])
        host.run(["rm", "/etc/nginx/sites-enabled/default"])
        host.run(["systemctl", "reload", "nginx"])
        host.write(CA, bed.acme.ca_path.read_text())
        host.write(FRONTEND, "Welcome")
        shutil.copytree(EXAMPLE / "awx", project)
        portals = (EXAMPLE / "portals.modoboa_vhost.yml").read_text()
        # The credential says it
        (project / "portals.modoboa_vhost.yml").write_text(portals.replace("url:", "#"))
        (project / "logo.svg").write_text(LOGO)
        known = [f"--add-host={name}:{host.address}" for name in NAMES]
        self.runner = Runner(bed.layout.prefix, project, known)
        self._project = project

    def inventory(self) -> dict[str, Any]:
        """The host with its tenants, as AWX has it."""
        machine = {
            name: value
            for name, value in self.host.ansible_inventory()["all"]["hosts"].popitem()[1].items()
            if name in ("ansible_host", "ansible_port")
        }
        variables: dict[str, Any] = {
            "modoboa_url": self.bed.modoboa.url,
            "acme_directory": self.bed.acme.directory_url.replace(LOOPBACK, MACHINE),
            "acme_ca_path": CA,
            "acme_terms_agreed": True,
            "look_resolver": self.bed.dns.address.replace(LOOPBACK, MACHINE),
            "tenants": [
                {"hostname": name, "domains": [name.partition(".")[2]], "theme": THEME}
                for name in NAMES
            ],
        }
        hosts = {"front": {**machine, **{f"virtualhosts_{n}": v for n, v in variables.items()}}}
        groups = {name: {"hosts": ["front"]} for name in ("modoboa", "front_ends")}
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


@pytest.fixture(scope="module")
def site(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    published = {bed.nginx.http_port: 80, 443: 443}
    with Host(f"jobs-{os.getpid()}", published=published) as host:
        for name in NAMES:
            bed.dns.add(name, address=host.address)
            bed.modoboa.create_domain(name.partition(".")[2])
        yield Site(bed, host, tmp_path_factory.mktemp("awx") / "project")
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

    # What a further front end would get; it is the same host here, so nothing is written
    redirect = {"virtualhosts_nginx_challenge_host": "issuer.example"}
    deployed = site.run("front_ends", {"tenant": NAMES[1], **redirect}, check=True)
    assert deployed.status == "successful", deployed.stdout
    assert deployed.changed == 1

    assert site.run("report", {}).status == "failed"
    place = {"report_delegate_to": "front", "report_directory": "/srv/report"}
    reported = site.run("report", place)
    assert reported.status == "successful", reported.stdout
    assert NAMES[0] in site.host.run(["cat", "/srv/report/report.json"])

    seen = site.look(days=1)
    assert seen.status == "successful", seen.stdout
    assert set(seen.stats["ok"]) >= set(NAMES)
    assert site.look(days=100000).status == "failed"

    assert site.run("retire", {"tenant": ""}).status == "failed"
    assert site.states() == dict.fromkeys(NAMES, "ready")
    gone = site.run("retire", {"tenant": ",".join(NAMES), "virtualhosts_revoke": "true"})
    assert gone.status == "successful", gone.stdout
    assert site.states() == {}
