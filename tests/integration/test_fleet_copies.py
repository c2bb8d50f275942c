# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One front end gets many certificates from the host that issues, of which some are damaged there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.keys import (
    key_to_pem,
    make_key,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.state import Origin
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.store import CertificateStore
from bed.ansible import Ansible, Run
from bed.prefix import find
from integration.acme_servers import NEWEST, StartAcme
from integration.bare_front_end import BareFrontEnd
from integration.portal_site import PLAYBOOKS, failure_message
from unit.plugins.module_utils.acme.issuing import issue

MANY = 100
RELOAD = "Reload the services that use the certificates of portals"
COPY = ("Hand out certificates that differ", "Publish the certificates that were handed out")


class Copies:
    """A front end, and what the host that issues has."""

    def __init__(self, ansible: Ansible, edge: BareFrontEnd, storage: Path) -> None:
        self._ansible = ansible
        self.edge = edge
        self.storage = storage
        self.issued = CertificateStore(storage)
        self.edge_variables: dict[str, Any] = {}
        self.front_variables: dict[str, Any] = {}

    def issue(self, *names: str) -> None:
        """Publish new certificates where they are issued."""
        now = datetime.now(timezone.utc)
        for name in names:
            key = make_key("P-256")
            chain = issue([name], key.public_key(), now)
            with self.issued.lock(name):
                origin = Origin("https://ca.test/directory")
                self.issued.publish(name, chain, key_to_pem(key), origin, now)

    def has(self, name: str) -> bool:
        """Whether the front end has the certificate as it was issued."""
        path = self.edge.storage / "certs" / name / "privkey.pem"
        return path.exists() and path.read_bytes() == self.issued.key_path(name).read_bytes()

    def run(self, *names: str, check: bool = False, issuing_host: str = "front") -> Run:
        """Deploy tenants to the front end."""
        edge = self.edge
        nginx = {
            "binary": edge.binary,
            "prefix": edge.directory,
            "config": edge.config,
            "pid": edge.directory / "nginx.pid",
            "reload": "signal",
            "sites_available": edge.available,
            "sites_enabled": edge.enabled,
        }
        hosts = {
            "edge": {
                "virtualhosts_storage": str(edge.storage),
                "virtualhosts_nginx_http_port": edge.http_port,
                "virtualhosts_nginx_https_port": edge.https_port,
                "virtualhosts_nginx_listen_addresses": ["127.0.0.1"],
                **{f"virtualhosts_nginx_{name}": str(value) for name, value in nginx.items()},
                **self.edge_variables,
            }
        }
        everybody = {
            "ansible_connection": "local",
            "virtualhosts_storage": str(self.storage),
            "virtualhosts_front_end_certificates": "copied",
            "virtualhosts_issuing_host": issuing_host,
            "virtualhosts_nginx_challenge_peers": ["192.0.2.1"],
            "virtualhosts_modoboa_url": "https://mail.example.com",
            "virtualhosts_tenants": [{"hostname": name, "domains": [name[5:]]} for name in names],
        }
        children = {
            "modoboa": {"hosts": {"front": self.front_variables}},
            "front_ends": {"hosts": hosts},
        }
        return self._ansible.run_playbook(
            PLAYBOOKS / "front_ends.yml",
            inventory={"all": {"vars": everybody, "children": children}},
            check=check,
            diff=True,
        )


@pytest.fixture
def copies(start_acme: StartAcme, tmp_path: Path) -> Iterator[Copies]:
    """A front end that serves nothing yet."""
    # Not below pytest's folder: a socket's path must be short
    with tempfile.TemporaryDirectory(prefix="edge-") as folder:
        edge = BareFrontEnd(Path(folder), find().bin / "nginx")
        edge.write_config(more="server_names_hash_max_size 8192;")
        edge.start()
        try:
            yield Copies(start_acme(NEWEST).ansible, edge, tmp_path / "issuing")
        finally:
            edge.stop()


@pytest.mark.extended
def test_many_take_no_more_tasks_than_one(copies: Copies) -> None:
    names = [f"mail.t{number}.example" for number in range(MANY)]
    copies.issue(*names)
    one = copies.run(names[0])
    assert one.rc == 0, one.stdout
    predicted = copies.run(*names, check=True)
    many = copies.run(*names)
    assert many.rc == 0, many.stdout
    assert [each.task for each in one.results] == [each.task for each in many.results]
    assert predicted.changed == many.changed == 2
    assert all(copies.has(name) for name in names)
    again = copies.run(*names)
    assert (again.rc, again.changed) == (0, 0)
    (published,) = again.task(COPY[1])
    assert published.status == "skipped"


@pytest.mark.extended
def test_damage_is_of_one_tenant(copies: Copies) -> None:
    good, bad = "mail.good.example", "mail.bad.example"
    copies.issue(good, bad)
    assert copies.run(good, bad).rc == 0
    served = copies.edge.serial(bad)
    copies.issue(good, bad)
    copies.issued.key_path(bad).write_bytes(copies.issued.key_path(good).read_bytes())
    copies.edge_variables = {"virtualhosts_reload": ["no-such-service"]}
    partly = copies.run(good, bad)
    copies.edge_variables = {}
    assert partly.rc != 0
    said = failure_message(partly)
    assert "1 of 2 tenants failed; the others are done." in said
    assert (
        f"{bad}: copy of the certificate: storage: privkey.pem does not belong to fullchain.pem"
        in said
    )
    # Nor does a service that cannot be reloaded hide it
    assert "reload: no-such-service: " in said
    assert copies.has(good)
    assert copies.edge.serial(bad) == served
    # Who uses the good one is told before the host fails
    tasks = [each.task for each in partly.results]
    assert tasks.index(RELOAD) < tasks.index("Name the tenants that failed")

    # What cannot be copied at all keeps nobody from being served
    new = "mail.new.example"
    copies.issue(bad)
    lost = copies.run(good, bad, new, issuing_host="nobody")
    assert "All tenants are done, and yet:" in failure_message(lost)
    assert "virtualhosts_issuing_host is 'nobody'" in failure_message(lost)
    assert copies.edge.serial(bad) == served
    assert f"{new}.conf" in {path.name for path in copies.edge.enabled.iterdir()}
    assert copies.run(good, bad).rc == 0
    assert copies.has(bad)


def python(path: Path, filter_: str) -> str:
    """A Python whose output goes through another program."""
    path.write_text(f'#!/bin/sh\n"{find().python("controller")}" "$@" | {filter_}\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.extended
def test_a_front_end_gets_no_keys_but_its_own(copies: Copies, tmp_path: Path) -> None:
    own, other = "mail.own.example", "mail.other.example"
    copies.issue(own, other)
    # Whoever is root there can have it answer anything
    asks = f's/"fingerprints": {{/&"{other}": "", /'
    copies.edge_variables = {"ansible_python_interpreter": python(tmp_path / "a", f"sed '{asks}'")}
    said = tmp_path / "said"
    copies.front_variables = {
        "ansible_python_interpreter": python(tmp_path / "b", f'tee -a "{said}"')
    }
    run = copies.run(own)
    assert run.rc == 0, run.stdout
    assert other in repr(run.task("Say which certificates are here")[0].result["fingerprints"])
    assert copies.has(own)
    assert not copies.has(other)
    assert own in said.read_text()
    assert other not in said.read_text()
