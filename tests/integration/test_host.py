# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts in containers: what they offer, and that nothing is left of them however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread

import pytest
import requests
from bed import host as bed_host
from bed import http, process, state, wait
from bed.errors import BedError
from bed.host import Host
from bed.ports import LOOPBACK, MACHINE, free_ports
from bed.prefix import find
from bed.process import Identity

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(os.geteuid() != 0, reason="hosts in containers take root"),
]

# Another process starts a host, says so, and waits
START = """
import sys
from bed.host import Host
host = Host({instance!r}).start()
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    (port,) = free_ports(1)
    release: str = request.param
    instance = f"host-{release}-{os.getpid()}"
    with Host(instance, release=release, published={port: 80}) as running:
        yield running


def family(pid: int) -> list[Identity]:
    """A process and everything it has started that is still its own."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    children = " ".join(thread.read_text() for thread in threads).split()
    found = [relative for child in children for relative in family(int(child))]
    identity = process.identify("relative", pid)
    return [*found, identity] if identity else found


def test_ansible_finds_the_release_with_systemd(host: Host, tmp_path: Path) -> None:
    playbook = tmp_path / "look.yml"
    playbook.write_text("- hosts: site\n  tasks: [{name: Tell, debug: {var: ansible_facts}}]\n")
    done = host.ansible.run_playbook(playbook, host.ansible_inventory("site"))
    assert done.rc == 0, done.stdout
    facts = done.task("Tell")[0].result["ansible_facts"]
    assert facts["distribution_release"] in host.instance
    assert facts["service_mgr"] == "systemd"


def test_commands_and_files_are_taken_literally(host: Host) -> None:
    content = 'it\'s "$HOME"\n\\n'
    host.write("/srv/some folder/file", content)
    assert host.run(["cat", "/srv/some folder/file"]) == content
    with pytest.raises(BedError, match=r"(?s)ended with 3:.*no luck"):
        host.run(["sh", "-c", "echo no luck >&2; exit 3"])


def test_it_reaches_this_machine_and_its_own_ports_are_where_they_were_asked_for(
    host: Host,
) -> None:
    with HTTPServer((LOOPBACK, 0), SimpleHTTPRequestHandler) as server:
        Thread(target=server.handle_request, daemon=True).start()
        code = f"import socket; socket.create_connection(({MACHINE!r}, {server.server_port}))"
        host.run(["python3", "-c", code])
    (port,) = (here for here, there in host.published.items() if there == 80)
    host.run(["systemd-run", "--quiet", "python3", "-m", "http.server", "80"])
    url = f"http://{host.address}:{port}/"
    wait.until(lambda: answers(url), what=f"{url} answers", timeout=20)
    assert not wait.listens((LOOPBACK, port))


def answers(url: str) -> bool:
    """Whether a web server is there; what forwards a port listens even when none is."""
    with http.session() as session:
        try:
            return session.get(url, timeout=5).ok
        except requests.RequestException:
            return False


@pytest.mark.parametrize("victim", ["owner", "keeper", "namespace"])
def test_a_host_is_gone_with_who_started_it(victim: str) -> None:
    instance = f"host-{victim}-{os.getpid()}"
    owner = subprocess.Popen(
        [sys.executable, "-c", START.format(instance=instance)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"started\n"
        found = state.load(find().run / instance)
        assert found is not None
        (keeper,) = found.processes
        relatives = family(keeper.pid)
        assert len(relatives) > 5
        namespace = int(Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text())
        pids = {"owner": owner.pid, "keeper": keeper.pid, "namespace": namespace}
        os.kill(pids[victim], signal.SIGKILL)
        wait.until(
            lambda: not any(relative.alive() for relative in relatives),
            what="all of it is gone",
            timeout=20,
        )
    assert instance not in Path("/proc/mounts").read_text()


def test_there_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    with Host(f"host-first-{os.getpid()}") as first:
        monkeypatch.setattr(bed_host, "LIMIT", 1)
        with pytest.raises(BedError, match=rf"^1 hosts are running.*: .*{first.instance}"):
            Host(f"host-second-{os.getpid()}").start()
