# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``certificates`` on Debian hosts that have nothing yet, with nginx and systemd."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed.acme_bed import AcmeBed
from bed.ansible import Run
from bed.host import Host
from bed.ports import LOOPBACK, MACHINE

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(os.geteuid() != 0, reason="hosts in containers take root"),
]

PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "certificates.yml"
STORAGE = "/var/lib/mailhost-modoboa"
CHAIN = f"{STORAGE}/certs/aster.example/fullchain.pem"
CA = "/etc/ssl/test-bed-ca.pem"
DEBIAN, PYPI = "/usr/bin/python3", "/opt/mailhost-modoboa/venv/bin/python"
# Where libraries come from, which Python has them then, and the beginning of acme's version
EACH_WAY = [
    pytest.param("bookworm", "debian", DEBIAN, "2.1.", id="bookworm-debian"),
    pytest.param("bookworm", "pypi", PYPI, "5.", id="bookworm-pypi"),
    pytest.param("trixie", "debian", DEBIAN, "4.", id="trixie-debian"),
    pytest.param("trixie", "pypi", PYPI, "5.", id="trixie-pypi"),
]


class Site:
    """A host with nginx, a CA that looks for challenges there, and an operator with a playbook."""

    def __init__(self, acme: AcmeBed, host: Host) -> None:
        self.host = host
        self._acme = acme
        host.run(["apt-get", "update"])
        host.run(["apt-get", "install", "--yes", "--no-install-recommends", "nginx-light"])
        host.write(
            "/etc/nginx/sites-enabled/default",
            f"server {{ listen 80; location /.well-known/acme-challenge/ {{ root {STORAGE}/webroot; }} }}",
        )
        host.run(["systemctl", "restart", "nginx"])
        # nginx was told while it was installed, too
        self._reloads_before = self._reloads()
        assert acme.acme.ca_path is not None
        host.write(CA, acme.acme.ca_path.read_text())

    def options(self) -> dict[str, Any]:
        """What the CA's machine is to the host."""
        return {
            "acme_directory": self._acme.acme.directory_url.replace(LOOPBACK, MACHINE),
            "storage": STORAGE,
            "terms_agreed": True,
            "ca_path": CA,
        }

    def run(self, libraries: str, state: str = "present", *, check: bool = False) -> Run:
        """Run the playbook for one certificate."""
        options = self.options()
        variables = {
            "list": [{"name": "aster.example", "state": state}],
            "libraries": libraries,
            "reload": ["nginx"],
            "acme_directory": options["acme_directory"],
            "acme_ca_path": CA,
            "acme_terms_agreed": True,
            "look_resolver": self._acme.dns.address.replace(LOOPBACK, MACHINE),
        }
        done = self.host.ansible.run_playbook(
            PLAYBOOK,
            inventory=self.host.ansible_inventory("certificates"),
            extra_vars={f"certificates_{name}": value for name, value in variables.items()},
            check=check,
        )
        assert done.rc == 0, done.stdout
        return done

    def has(self, path: str) -> bool:
        """Whether there is a file."""
        return "yes" in self.host.run(["sh", "-c", f"test -e {path} && echo yes || echo no"])

    def packages(self) -> str:
        """What is installed from Debian."""
        return self.host.run(["dpkg-query", "--show"])

    def reloads(self) -> int:
        """How often nginx was told to reload since then."""
        return self._reloads() - self._reloads_before

    def _reloads(self) -> int:
        return self.host.run(["journalctl", "--unit=nginx", "--output=cat"]).count("Reloaded nginx")


@pytest.fixture(scope="module")
def acme() -> Iterator[AcmeBed]:
    with AcmeBed(f"certificates-on-hosts-{os.getpid()}") as running:
        yield running


@pytest.fixture
def site(acme: AcmeBed, release: str) -> Iterator[Site]:
    published = {acme.http_port: 80}
    with Host(f"{release}-{os.getpid()}", release=release, published=published) as host:
        acme.dns.add("aster.example", address=host.address)
        yield Site(acme, host)
        acme.dns.remove("aster.example")


@pytest.mark.parametrize(("release", "libraries", "python", "version"), EACH_WAY)
def test_from_nothing_to_a_certificate_and_back(
    site: Site, libraries: str, python: str, version: str
) -> None:
    before = site.packages()
    predicted = site.run(libraries, check=True)
    assert site.packages() == before
    assert not site.has(STORAGE)
    assert predicted.changed == 1
    assert predicted.task("Say what check mode cannot predict")[0].status == "ok"

    done = site.run(libraries)
    assert site.has(CHAIN)
    assert site.reloads() == 1
    code = "from importlib.metadata import version; print(version('acme'))"
    assert site.host.run([python, "-c", code]).startswith(version)

    for check in (True, False):
        assert site.run(libraries, check=check).changed == 0
    assert site.reloads() == 1

    removed = site.run(libraries, "absent")
    assert not site.has(CHAIN)
    assert site.reloads() == 2
    # Of the tasks only the one about the certificate, and the handler
    assert removed.changed == 2
    assert done.changed > 2


@pytest.mark.parametrize("release", ["bookworm"])
def test_an_environment_that_an_upgrade_has_broken_is_made_anew(site: Site) -> None:
    site.run("pypi")
    site.host.run(["rm", "-r", "/opt/mailhost-modoboa/venv/lib"])
    predicted = site.run("pypi", check=True)
    assert predicted.changed == 1
    mended = site.run("pypi")
    assert mended.task("Install libraries from PyPI")[0].result["changed"]
    assert mended.task("Issue, renew and remove certificates")[0].status == "ok"
    assert site.run("pypi").changed == 0


@pytest.mark.parametrize("release", ["bookworm"])
def test_another_role_runs_its_tasks_with_the_libraries(site: Site, tmp_path: Path) -> None:
    play = {
        "hosts": "certificates",
        "gather_facts": False,
        "module_defaults": {"group/mailhost.modoboa.acme": site.options()},
        "vars": {"portals_libraries": "pypi"},
        "tasks": [
            {
                "import_role": {"name": "mailhost.modoboa.certificates", "tasks_from": "libraries"},
                "vars": {"certificates_libraries": "{{ portals_libraries }}"},
            },
            {
                "import_role": {"name": "mailhost.modoboa.virtualhosts", "tasks_from": "account"},
                "vars": {"ansible_python_interpreter": "{{ certificates_python }}"},
                "when": "not certificates_predicted",
            },
        ],
    }
    playbook = tmp_path / "portals.yml"
    playbook.write_text(json.dumps([play]))
    inventory = site.host.ansible_inventory("certificates")
    predicted = site.host.ansible.run_playbook(playbook, inventory, check=True)
    assert predicted.task("Make sure of the ACME account")[0].status == "skipped"
    done = site.host.ansible.run_playbook(playbook, inventory)
    assert done.rc == 0, done.stdout
    assert done.task("Make sure of the ACME account")[0].result["account"]["uri"]
    assert not site.has("/usr/lib/python3/dist-packages/acme")
