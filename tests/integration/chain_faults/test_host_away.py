# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host to which the connection over ssh is lost in the middle of a run."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from bed.ansible import Run
from bed.bed import Bed
from bed.host import Host
from bed.ports import LOOPBACK, MACHINE, free_ports
from integration.chain_faults.visit import PATIENCE, Visit
from integration.chain_faults.wire import Wire
from integration.portal_site import PLAYBOOKS, changes
from integration.prober import probing

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(os.geteuid() != 0, reason="hosts in containers take root"),
]

CA = "/etc/ssl/test-bed-ca.pem"
INSTALL = (
    "env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends nginx-light"
)
PAUSE = 0.1
# Seconds that a run may take to get there
LIMIT = 300
# The new tenant's block is there: what is next is its certificate
UNTIL_BOOTSTRAPPED = (
    "until test -e /etc/nginx/sites-enabled/mail.aster.test.conf; do sleep 0.05; done"
)
TENANTS = [
    {"hostname": "mail.sorrel.test", "domains": ["sorrel.test"]},
    {"hostname": "mail.aster.test", "domains": ["aster.test"]},
]


class Front:
    """A host that serves portals, and the wire by which Ansible gets there."""

    def __init__(self, bed: Bed, host: Host, wire: Wire, https_port: int) -> None:
        self.bed, self.host, self.wire, self.https_port = bed, host, wire, https_port
        host.run(["apt-get", "update"])
        host.run(INSTALL.split())
        host.write("/srv/modoboa/instance/frontend/index.html", "the frontend")
        assert bed.acme.ca_path is not None
        host.write(CA, bed.acme.ca_path.read_text())

    def play(self, playbook: str, tenants: list[dict[str, Any]], **variables: Any) -> Run:
        """Run a playbook on it, over the wire."""
        values = {
            "tenants": tenants,
            "libraries": "debian",
            "acme_directory": self.bed.acme.directory_url.replace(LOOPBACK, MACHINE),
            "acme_ca_path": CA,
            "acme_terms_agreed": True,
            "look_resolver": self.bed.dns.address.replace(LOOPBACK, MACHINE),
            "modoboa_url": self.bed.modoboa.url,
            "modoboa_token": self.bed.modoboa.token,
            "modoboa_ca_path": str(self.bed.modoboa.ca_path),
        }
        inventory = self.host.ansible_inventory(
            "modoboa",
            ansible_host=LOOPBACK,
            ansible_port=self.wire.port,
            **{f"virtualhosts_{key}": value for key, value in values.items()},
        )
        return self.host.ansible.run_playbook(
            PLAYBOOKS / f"{playbook}.yml", inventory=inventory, extra_vars=variables, diff=True
        )

    def status(self, hostname: str) -> str:
        """What Modoboa has been told of a tenant."""
        answer = self.bed.modoboa.request("GET", "virtualhosts/", params={"page_size": 1000})
        records = {record["name"]: record for record in answer.json()["results"]}
        return str(records[hostname]["provisioning_status"])

    def lose(self) -> None:
        """Cut the wire as soon as the new tenant's certificate is due."""
        self.host.run(["timeout", str(LIMIT), "sh", "-c", UNTIL_BOOTSTRAPPED])
        self.wire.cut()


@pytest.fixture
def front(bed: Bed) -> Iterator[Front]:
    (https_port,) = free_ports(1)
    published = {bed.nginx.http_port: 80, https_port: 443}
    with ExitStack() as leaving:
        host = leaving.enter_context(Host(f"away-{os.getpid()}", published=published))
        (port,) = (here for here, there in host.published.items() if there == 22)
        wire = leaving.enter_context(Wire(port, host.address))
        for tenant in TENANTS:
            (domain,) = tenant["domains"]
            bed.modoboa.create_domain(domain)
            leaving.callback(bed.modoboa.delete_domain, domain)
            bed.dns.add(str(tenant["hostname"]), address=host.address)
            leaving.callback(bed.dns.remove, str(tenant["hostname"]))
        made = Front(bed, host, wire, https_port)
        yield made
        hostnames = [tenant["hostname"] for tenant in TENANTS]
        assert made.play("retire", TENANTS, tenant=hostnames).rc == 0


def test_one_more_run_mends_it(front: Front) -> None:
    ready, new = (str(tenant["hostname"]) for tenant in TENANTS)
    done = front.play("provision", TENANTS[:1])
    assert done.rc == 0, done.stdout
    context = ssl.create_default_context(cadata=front.bed.acme.issuer_roots())
    visit = Visit(ready, front.https_port, context, front.host.address, paths=["/"])
    losing = threading.Thread(target=front.lose, daemon=True)
    with probing(visit, pause=PAUSE) as probes:
        losing.start()
        lost = front.play("provision", TENANTS)
        # It has been cut by now, or the run has failed before
        losing.join(PATIENCE)
        assert [each.status for each in lost.results][-1] == "unreachable", lost.stdout
        assert lost.rc > 0
        assert (front.status(ready), front.status(new)) == ("ready", "pending")
        assert probes.so_far()[0] > 1
        front.wire.mend()
        second = front.play("provision", TENANTS)
        assert second.rc == 0, second.stdout
        assert front.status(new) == "ready"
        third = front.play("provision", TENANTS)
        assert (third.rc, third.changed) == (0, 0), changes(third)
    print(
        f"{probes.count} questions, {len(probes.failures)} without answer, {probes.silence:.1f} s"
    )
    assert probes.failures == []
    assert probes.silence < PATIENCE + 1
