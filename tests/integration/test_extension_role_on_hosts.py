# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``extension`` where an instance has a user of its own, by an operator who may become root."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from bed.ansible import Run
from bed.host import Host
from bed.packages import TOOLS
from integration.portal_site import PLAYBOOKS

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(os.geteuid() != 0, reason="hosts in containers take root"),
]

# As Modoboa's documentation has it: everything of the instance below /srv/modoboa, and its user's
INSTALL = """
apt-get update
apt-get install --yes --no-install-recommends "$@"
useradd --home-dir /srv/modoboa --create-home modoboa
cd /srv/modoboa
as="runuser -u modoboa --"
$as python3 -m venv env
HOME=/srv/modoboa $as env/bin/pip install --quiet 'modoboa==2.12.*' 'gunicorn>=23,<28'
$as env/bin/python env/bin/modoboa-admin.py deploy instance --collectstatic --domain localhost \\
    --dburl default:sqlite:////srv/modoboa/modoboa.db --redisurl redis://127.0.0.1:6379/0
chmod 750 /srv/modoboa
useradd --create-home alex
install -d -m 700 -o alex ~alex/.ssh
install -m 600 -o alex ~root/.ssh/authorized_keys ~alex/.ssh/
echo 'alex ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/alex
systemctl enable --now modoboa
"""
UNIT = """\
[Service]
User=modoboa
WorkingDirectory=/srv/modoboa/instance
ExecStart=/srv/modoboa/env/bin/gunicorn instance.wsgi:application --bind 127.0.0.1:8000
[Install]
WantedBy=multi-user.target
"""


@pytest.fixture(params=["bookworm"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    release: str = request.param
    with Host(f"extension-{release}-{os.getpid()}", release=release) as running:
        running.write("/etc/systemd/system/modoboa.service", UNIT)
        packages = [*TOOLS, "redis-server", "sudo"]
        running.run(["sh", "-euc", INSTALL, "sh", *packages])
        yield running


def run(host: Host, *, check: bool = False, **variables: Any) -> Run:
    inventory = host.ansible_inventory(
        "modoboa",
        ansible_user="alex",
        ansible_become=True,
        ansible_remote_tmp="~/.ansible/tmp",
    )
    done = host.ansible.run_playbook(
        PLAYBOOKS / "extension.yml",
        inventory=inventory,
        extra_vars={
            "extension_restart": ["systemctl restart modoboa"],
            "extension_url": "http://localhost:8000",
            # It listens for the host alone
            "extension_delegate_to": host.instance,
            **variables,
        },
        check=check,
        diff=True,
    )
    assert done.rc == 0, done.stdout
    return done


def foreign_files(host: Host) -> str:
    """What belongs to somebody else than the instance's user."""
    return host.run(["find", "/srv/modoboa", "-not", "-user", "modoboa"])


def test_in_and_off(host: Host) -> None:
    assert run(host, check=True).changed > 0
    done = run(host)
    assert done.task("Install the package")[0].result["changed"]
    assert done.task("Wait until it answers")[0].result["status"] == 401
    listed = host.run(["/srv/modoboa/env/bin/pip", "list"])
    assert re.search(r"^modoboa-virtualhosts ", listed, re.MULTILINE)
    assert foreign_files(host) == ""
    for check in (True, False):
        assert run(host, check=check).changed == 0

    gone = run(host, extension_state="absent")
    assert gone.task("Wait until it answers")[0].result["status"] == 404
    assert foreign_files(host) == ""
    assert run(host, extension_state="absent").changed == 0
