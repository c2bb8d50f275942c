# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A further front end, to which the names lead, while another host issues."""

from __future__ import annotations

import http.client
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed.ansible import Run
from bed.nginx import PRIMARY_HOSTNAME
from bed.ports import LOOPBACK
from bed.prefix import find
from demo import visitor
from integration.front_end import FrontEnd
from integration.portal_site import PLAYBOOKS, Site, changes

# On the ports of the bed's nginx, which listens on the address before
ADDRESS = "127.0.0.2"
# A name of its own: that of the host has a block, which redirects to HTTPS as the installer's does
ISSUER = "acme.issuer.test"


class Edge:
    """The front end, with the inventory of the site."""

    def __init__(self, site: Site, front_end: FrontEnd) -> None:
        self.site = site
        self.front_end = front_end

    def run(self, *, check: bool = False, **variables: Any) -> Run:
        """Run the playbook of further front ends."""
        return self.site.bed.ansible.run_playbook(
            PLAYBOOKS / "front_ends.yml",
            inventory={"front_ends": {"hosts": {"edge": {"ansible_connection": "local"}}}},
            extra_vars={**self.variables(), **variables},
            check=check,
            diff=True,
        )

    def variables(self) -> dict[str, Any]:
        """Those of the role for this host."""
        front_end = self.front_end
        return {
            **self.site.bed.variables(),
            "virtualhosts_tenants": self.site.tenants,
            "virtualhosts_storage": str(front_end.storage),
            "virtualhosts_nginx_binary": str(front_end.binary),
            "virtualhosts_nginx_prefix": str(front_end.directory),
            "virtualhosts_nginx_config": str(front_end.config),
            "virtualhosts_nginx_pid": str(front_end.directory / "nginx.pid"),
            "virtualhosts_nginx_listen_addresses": [ADDRESS],
            "virtualhosts_nginx_sites_available": str(front_end.available),
            "virtualhosts_nginx_sites_enabled": str(front_end.enabled),
        }

    def report(self, folder: Path, **variables: Any) -> dict[str, Any]:
        """What the report says of the one portal, which the issuing host serves, too."""
        local = {"ansible_connection": "local"}
        issuer = {**local, **self.site.bed.variables(), "virtualhosts_tenants": self.site.tenants}
        done = self.site.bed.ansible.run_playbook(
            PLAYBOOKS / "report.yml",
            inventory={
                "modoboa": {"hosts": {"front": issuer}},
                "front_ends": {"hosts": {"edge": {**local, **self.variables(), **variables}}},
            },
            extra_vars={"report_directory": str(folder)},
        )
        assert done.rc == 0, done.stdout
        said = json.loads((folder / "report.json").read_text())
        assert [host["problems"] for host in said["hosts"]] == [[], []]
        # Other tests of this process may have left some
        own = {tenant["hostname"] for tenant in self.site.tenants}
        (portal,) = (each for each in said["tenants"] if each["hostname"] in own)
        return dict(portal)

    def copy_certificates(self) -> None:
        """What an operator's own tool does."""
        for tenant in self.site.tenants:
            folder = Path("certs") / tenant["hostname"]
            (self.front_end.storage / folder).mkdir(parents=True, exist_ok=True)
            for file in ("fullchain.pem", "privkey.pem"):
                content = (self.site.bed.storage / folder / file).read_bytes()
                (self.front_end.storage / folder / file).write_bytes(content)


@pytest.fixture
def edge(site: Site) -> Iterator[Edge]:
    """A front end that serves nothing yet; names of tenants lead to it once they are added."""
    # Not below pytest's folder: a socket's path must be short
    with tempfile.TemporaryDirectory(prefix="edge-") as folder:
        front_end = FrontEnd(Path(folder), find().bin / "nginx")
        front_end.start()
        site.bed.dns.add(ISSUER)
        try:
            yield Edge(site, front_end)
        finally:
            site.bed.dns.remove(ISSUER)
            front_end.stop()


def challenge_status(site: Site, hostname: str) -> int:
    """What the host that issues says to who asks it for an answer that it does not have."""
    nginx = site.bed.nginx
    connection = http.client.HTTPConnection(LOOPBACK, nginx.http_port, timeout=10)
    try:
        path = "/.well-known/acme-challenge/none"
        connection.request("GET", path, headers={"Host": hostname})
        return connection.getresponse().status
    finally:
        connection.close()


def thumbprint_of(run: Run) -> str:
    """The thumbprint of the account that a chain has used."""
    (account,) = run.task("Make sure of the ACME account")
    thumbprint: str = account.result["account"]["thumbprint"]
    return thumbprint


@pytest.mark.extended
def test_a_front_end_redirects_challenges_to_the_host_that_issues(
    site: Site, edge: Edge, tmp_path: Path
) -> None:
    tenant = site.add("lilac", names=["webmail.lilac.test"])
    site.bed.dns.add(tenant["hostname"], *tenant["names"], address=ADDRESS)
    redirect: dict[str, Any] = {
        "virtualhosts_nginx_challenge_host": f"{ISSUER}:{site.bed.nginx.http_port}"
    }
    predicted = edge.run(check=True, **redirect)
    waiting = edge.run(**redirect)
    assert waiting.rc == 0, waiting.stdout
    assert changes(predicted) == changes(waiting)

    # The CA, and the look before it, find the answer by way of the front end alone
    issued = site.run("provision")
    assert issued.rc == 0, issued.stdout
    edge.copy_certificates()
    done = edge.run(**redirect)
    assert done.rc == 0, done.stdout
    served = visitor.certificate(site.bed, tenant["hostname"], address=ADDRESS)
    assert served == visitor.certificate(site.bed, tenant["hostname"])
    assert edge.run(**redirect).changed == 0

    # A renewal is found likewise, and reaches the front end with the files
    assert edge.report(tmp_path, **redirect)["drift"] == []
    renewed = site.run("renew", virtualhosts_key_type="P-384")
    assert renewed.rc == 0, renewed.stdout
    stale = edge.report(tmp_path, **redirect)["drift"]
    assert [(each["kind"], each["host"]) for each in stale] == [
        ("other_certificate_served", "edge")
    ]
    edge.copy_certificates()
    assert edge.run(**redirect).rc == 0
    assert visitor.certificate(site.bed, tenant["hostname"], address=ADDRESS) != served

    # The name of the host itself would not have done
    assert challenge_status(site, ISSUER) == 404
    assert challenge_status(site, PRIMARY_HOSTNAME) == 301


@pytest.mark.extended
def test_a_front_end_answers_by_itself_for_the_account(site: Site, edge: Edge) -> None:
    site.add("mimosa")
    first = site.run("provision", virtualhosts_challenge="stateless")
    assert first.rc == 0, first.stdout
    answer: dict[str, Any] = {"virtualhosts_acme_thumbprint": thumbprint_of(first)}
    done = edge.run(**answer)
    assert done.rc == 0, done.stdout
    assert edge.run(**answer).changed == 0
    unverified = edge.run(**answer, virtualhosts_nginx_verify=False)
    assert (unverified.rc, unverified.changed) == (0, 0), unverified.stdout

    new = site.add("nasturtium")
    site.bed.dns.add(new["hostname"], address=ADDRESS)
    assert edge.run(**answer).rc == 0
    issued = site.run("provision", virtualhosts_challenge="stateless")
    assert issued.rc == 0, issued.stdout


def test_a_front_end_is_told_how_to_answer(site: Site, edge: Edge) -> None:
    site.add("orchid")
    refused = edge.run()
    assert refused.rc != 0
    assert "virtualhosts_nginx_challenge_host" in refused.stdout
    assert edge.front_end.snapshot() == {}
