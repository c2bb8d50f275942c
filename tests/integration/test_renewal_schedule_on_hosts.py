# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian host that renews by itself, with systemd and an Ansible of its own, and serves mail."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bed.ansible import Run
from bed.bed import Bed
from bed.host import Host
from bed.ports import LOOPBACK, MACHINE

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(os.geteuid() != 0, reason="hosts in containers take root"),
]

CHECKOUT = Path(__file__).parents[2]
PLAYBOOKS = CHECKOUT / "playbooks"
MAIL = CHECKOUT / "docs" / "example" / "mail_services.yml"
NAME = "mailhost-modoboa-renewal"
HOSTNAME, DOMAIN = "mail.yarrow.test", "yarrow.test"
CA = "/etc/ssl/test-bed-ca.pem"
ALERTED = "/run/alerted"
EVERY_TEN_SECONDS: dict[str, Any] = {
    "renewal_schedule_where": "host",
    "renewal_schedule_calendar": "*:*:0/10",
    "renewal_schedule_random_delay": 0,
    "renewal_schedule_alert": ["sh", "-c", f"cat >{ALERTED}"],
}
SERVED = "openssl s_client -connect 127.0.0.1:{} -servername {} {} </dev/null 2>/dev/null"


class Front:
    """A host that serves one tenant's portal, whose Modoboa and CA are elsewhere."""

    def __init__(self, bed: Bed, host: Host) -> None:
        self.host = host
        host.run(["apt-get", "update"])
        packages = ["nginx-light", "openssl", "postfix", "dovecot-imapd"]
        host.run(
            [
                *("env", "DEBIAN_FRONTEND=noninteractive"),
                *("apt-get", "install", "--yes", "--no-install-recommends", *packages),
            ]
        )
        assert bed.acme.ca_path is not None
        host.write(CA, bed.acme.ca_path.read_text())
        self.variables: dict[str, Any] = {
            "tenants": [{"hostname": HOSTNAME, "domains": [DOMAIN]}],
            "libraries": "debian",
            "acme_directory": bed.acme.directory_url.replace(LOOPBACK, MACHINE),
            "acme_ca_path": CA,
            "acme_terms_agreed": True,
            "look_resolver": bed.dns.address.replace(LOOPBACK, MACHINE),
            "modoboa_url": bed.modoboa.url,
            "modoboa_token": bed.modoboa.token,
            "modoboa_ca_path": str(bed.modoboa.ca_path),
        }
        # At the same address as here
        port = bed.modoboa.url.rpartition(":")[2]
        proxy = ["systemd-socket-activate", "--listen", f"127.0.0.1:{port}"]
        to = ["/lib/systemd/systemd-socket-proxyd", f"{MACHINE}:{port}"]
        host.run(["systemd-run", "--unit=modoboa-elsewhere", *proxy, *to])

    def play(self, playbook: Path, *, check: bool = False, **variables: Any) -> Run:
        """Run a playbook on it from here."""
        inventory = self.host.ansible_inventory(
            "modoboa", **{f"virtualhosts_{key}": value for key, value in self.variables.items()}
        )
        done = self.host.ansible.run_playbook(
            playbook, inventory=inventory, extra_vars=variables, check=check, diff=True
        )
        assert done.rc == 0, done.stdout
        return done

    def schedule(self, *, check: bool = False, **variables: Any) -> Run:
        """Run the playbook that has the host renew by itself."""
        done = self.play(
            PLAYBOOKS / "renewal_schedule.yml",
            check=check,
            **EVERY_TEN_SECONDS,
            **variables,
        )
        assert self.variables["modoboa_token"] not in done.stdout
        return done

    def script(self, text: str) -> str:
        """Run a script of the shell on it."""
        return self.host.run(["sh", "-c", text])

    def journal(self) -> str:
        """What its runs have said."""
        return self.script(f"journalctl --unit={NAME} --output=cat --no-pager")

    def certificate(self, port: int = 443, options: str = "") -> str:
        """Serial number and key of what it shows to who asks for the tenant's name."""
        served = SERVED.format(port, HOSTNAME, options)
        shown = self.script(f"{served} | openssl x509 -noout -serial -text")
        assert f"DNS:{HOSTNAME}" in shown, shown
        curve = next(line.split()[-1] for line in shown.splitlines() if "NIST CURVE" in line)
        return f"{shown.splitlines()[0]} {curve}"

    def mail(self) -> list[str]:
        """What Postfix and Dovecot show."""
        return [self.certificate(25, "-starttls smtp"), self.certificate(143, "-starttls imap")]

    def until(self, holds: Callable[[], bool], seconds: float = 120) -> None:
        """Wait for something to become true."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.journal()
            time.sleep(1)


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def front(request: pytest.FixtureRequest, bed: Bed) -> Iterator[Front]:
    release: str = request.param
    published = {bed.nginx.http_port: 80}
    with Host(f"renewal-{release}-{os.getpid()}", release=release, published=published) as host:
        bed.modoboa.create_domain(DOMAIN)
        bed.dns.add(HOSTNAME, address=host.address)
        made = Front(bed, host)
        made.play(PLAYBOOKS / "provision.yml")
        yield made
        made.play(PLAYBOOKS / "retire.yml", tenant=HOSTNAME)
        bed.dns.remove(HOSTNAME)
        bed.modoboa.delete_domain(DOMAIN)


def test_the_host_renews_by_itself(front: Front) -> None:
    predicted = front.schedule(check=True)
    assert predicted.changed > 0
    assert "exists" not in front.script(f"test -e /opt/{NAME} && echo exists || true")
    assert front.schedule().changed > 0
    for check in (True, False):
        assert front.schedule(check=check).changed == 0
    front.until(lambda: "changed=0" in front.journal())
    assert f"{NAME}.timer" in front.script("systemctl list-timers --no-legend")
    secrets = front.script(f"ls -l /opt/{NAME}/inventory.json /etc/{NAME}.json").splitlines()
    assert all(line.startswith("-rw------- 1 root root ") for line in secrets)

    before = front.certificate()
    front.variables["key_type"] = "P-384"
    assert front.schedule().changed == 1
    front.until(lambda: front.certificate() != before)
    assert front.certificate().endswith("P-384")
    runs = front.journal().count("changed=0")
    front.until(lambda: front.journal().count("changed=0") > runs)

    # What a run uses is there until its end
    virtualenv = f"/opt/{NAME}/venv"
    under_way = (
        f"rm {virtualenv}/bin/python; touch /run/begun; "
        f"sleep 30; test -e {virtualenv}/bin/pip && touch /run/ended"
    )
    lock = f"/var/lib/{NAME}/lock"
    front.script(f"systemd-run flock {lock} sh -c '{under_way}'")
    front.until(lambda: "begun" in front.script("ls /run"))
    assert front.schedule().changed > 0
    assert "ended" in front.script("ls /run")
    front.script(f"{virtualenv}/bin/python --version")

    # A certificate is in danger, and no run gets as far as the host
    front.script(f"systemctl stop {NAME}.timer {NAME}.service; rm /opt/{NAME}/inventory.json")
    ago = '"danger_from": "2020-01-01T00:00:00Z"'
    notes = f"/var/lib/{NAME}/notes/{front.host.instance}.json"
    front.script(
        f"""sed -i 's/"danger_from": "[^"]*"/{ago}/' {notes}; systemctl start {NAME} || true"""
    )
    assert front.script(f"systemctl show --property=ExecMainStatus --value {NAME}").strip() == "3"
    assert f"{HOSTNAME} on {front.host.instance}: its certificate ends" in front.script(
        f"cat {ALERTED}"
    )

    removed = front.schedule(renewal_schedule_state="absent")
    assert removed.changed > 0
    assert front.schedule(renewal_schedule_state="absent").changed == 0
    assert front.script(f"find / -xdev -name '*{NAME}*'") == ""


def test_mail_services_use_the_certificates(front: Front) -> None:
    front.play(MAIL)
    assert front.play(MAIL).changed == 0
    web = front.certificate()
    assert front.mail() == [web, web]
    assert front.script("stat --format=%a /etc/postfix/portals.db").strip() == "600"

    front.variables["key_type"] = "P-256" if web.endswith("P-384") else "P-384"
    front.play(MAIL)
    assert front.certificate() != web
    assert front.mail() == [front.certificate()] * 2
    assert front.play(MAIL).changed == 0

    # Whom the inventory does not have any more can be retired: nothing names the files
    tenants, front.variables["tenants"] = front.variables["tenants"], []
    front.play(MAIL)
    # To grep, finding nothing is a failure; what it found is looked at
    named = "grep -rl /certs/ /etc/dovecot/conf.d/99-portals.conf /etc/postfix/portals || true"
    assert front.script(named) == ""
    front.play(PLAYBOOKS / "retire.yml", tenant=HOSTNAME)
    front.script("systemctl restart dovecot postfix && doveconf -n >/dev/null")
    front.variables["tenants"] = tenants
