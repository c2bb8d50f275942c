# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``nginx`` on Debian hosts that have none yet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from bed.ansible import Run
from bed.host import Host
from integration.portal_site import PLAYBOOKS

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(os.geteuid() != 0, reason="hosts in containers take root"),
]

DEFAULT = "/etc/nginx/sites-enabled/default"
OWN_SITE = "server { listen 80; server_name unknown.example.com; return 418; }\n"
# What the host gets from itself under a name that nobody has
ASK = """
import http.client
connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=5)
connection.request("GET", "/", headers={"Host": "unknown.example.com"})
print(connection.getresponse().status)
"""


@pytest.fixture(params=["bookworm", "trixie"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    release: str = request.param
    with Host(f"nginx-role-{release}-{os.getpid()}", release=release) as running:
        yield running


def run(host: Host, *, check: bool = False, **variables: Any) -> Run:
    done = host.ansible.run_playbook(
        PLAYBOOKS / "nginx.yml",
        inventory=host.ansible_inventory("front_ends"),
        extra_vars=variables,
        check=check,
        diff=True,
    )
    assert done.rc == 0, done.stdout
    return done


def answer(host: Host) -> int:
    return int(host.run(["python3", "-c", ASK]))


def has(host: Host, path: str) -> bool:
    return "yes" in host.run(["sh", "-c", f"test -e {path} && echo yes || echo no"])


def test_from_nothing(host: Host) -> None:
    predicted = run(host, check=True)
    assert predicted.task("Predict the installation of the package")[0].result["changed"]
    assert not has(host, "/etc/nginx")

    run(host)
    assert (answer(host), has(host, DEFAULT)) == (404, False)
    assert host.run(["systemctl", "is-enabled", "nginx"]).strip() == "enabled"
    for check in (True, False):
        assert run(host, check=check).changed == 0

    # Somebody's own site has Debian's place; it stays until it is to go
    host.write("/etc/nginx/sites-available/default", OWN_SITE)
    host.run(["ln", "-s", "/etc/nginx/sites-available/default", DEFAULT])
    host.run(["systemctl", "reload", "nginx"])
    assert run(host).changed == 0
    assert (answer(host), has(host, DEFAULT)) == (418, True)
    # The catch-all is as it should be, and has nginx read nothing
    for check in (True, False):
        assert run(host, check=check, nginx_default_site="absent").changed == 2
    assert (answer(host), has(host, DEFAULT)) == (404, False)

    # Whoever has it reloaded in another way does that
    host.run(["ln", "-s", "/etc/nginx/sites-available/default", DEFAULT])
    host.run(["systemctl", "reload", "nginx"])
    other = run(host, nginx_default_site="absent", nginx_reload="signal")
    assert other.task("Say who has to reload nginx")[0].status == "ok"
    assert (answer(host), has(host, DEFAULT)) == (418, False)
    host.run(["systemctl", "reload", "nginx"])
    assert answer(host) == 404

    # What is stopped is started
    host.run(["systemctl", "stop", "nginx"])
    assert run(host, check=True).changed >= 1
    assert run(host).changed == 1
    assert answer(host) == 404
