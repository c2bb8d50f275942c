# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed itself: its parts are real, and nothing of it is left behind."""

from __future__ import annotations

import os
import random
import signal
import socket
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from bed import Bed, BedError, prefix, state, wait
from bed.instance import FOLDERS, remove
from bed.ports import LOOPBACK
from bed.process import Identity
from bed.setup import locked

PASSWORD = "Correct-Horse-1"


def addresses(bed: Bed, name: str) -> list[str]:
    """Ask the bed's DNS server for the addresses of a name."""
    encoded = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    query = struct.pack(">6H", random.randrange(65536), 0x0100, 1, 0, 0, 0)
    query += encoded + struct.pack(">2H", 1, 1)
    host, port = bed.dns.address.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(5)
        connection.sendto(query, (host, int(port)))
        answer = connection.recv(512)
    count = struct.unpack(">H", answer[6:8])[0]
    # Each answer repeats the name and has ten bytes (type, class, lifetime, length) and the address
    length = len(encoded) + 14
    records = [answer[len(query) + number * length :][:length] for number in range(count)]
    return [".".join(map(str, record[-4:])) for record in records]


def test_only_added_names_resolve(bed: Bed) -> None:
    assert addresses(bed, "added.bed.example") == []
    bed.dns.add("added.bed.example")
    assert addresses(bed, "added.bed.example") == ["127.0.0.1"]
    bed.dns.remove("added.bed.example")
    assert addresses(bed, "added.bed.example") == []


def test_people_log_in_through_the_real_flow(bed: Bed) -> None:
    admin = bed.modoboa.create_domain("login.bed.example", admin_password=PASSWORD)
    assert admin is not None
    user = bed.modoboa.create_account("user@login.bed.example", PASSWORD)
    for account in (admin, user, bed.modoboa.administrator):
        result = bed.modoboa.login(bed.modoboa.hostname, account.username, account.password)
        assert result
        assert result.account == account.username
    refused = bed.modoboa.login(bed.modoboa.hostname, admin.username, "wrong")
    assert not refused
    assert refused.status == 401
    assert "correct username and password" in refused.reason
    bed.modoboa.delete_domain("login.bed.example")


def test_the_extension_is_there(bed: Bed) -> None:
    # Other tests of this process may have left some
    assert "results" in bed.modoboa.request("GET", "virtualhosts/").json()


def test_secrets_are_private(bed: Bed) -> None:
    for path, mode in ((bed.directory, 0o700), (bed.directory / state.FILE, 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_another_process_finds_it(bed: Bed) -> None:
    found = Bed.attach(bed.instance)
    assert found.running
    assert found.variables() == bed.variables()
    with pytest.raises(BedError, match="There is no bed 'nowhere'"):
        Bed.attach("nowhere")


def test_ansible_gives_data(bed: Bed, tmp_path: Path) -> None:
    assert bed.ansible.run_module("ansible.builtin.ping", {"data": "hello"})["ping"] == "hello"
    failed = bed.ansible.run_module("ansible.builtin.fail", {"msg": "said no"})
    assert (failed["failed"], failed["msg"]) == (True, "said no")
    wanted = {"path": str(tmp_path / "file"), "state": "touch"}
    assert bed.ansible.run_module("ansible.builtin.file", wanted, check=True)["changed"]
    assert not (tmp_path / "file").exists()


def test_ansible_uses_nothing_of_the_home_folder(bed: Bed) -> None:
    names = bed.ansible.environment()
    assert Path(names["HOME"]).is_relative_to(bed.directory)
    assert not {name for name in names if name.startswith("SSH_")}


# Another process starts a bed and says so; what it is to do with it is appended.
START = """
import sys
from bed import Bed
bed = Bed({instance!r}, keep={keep}, database={database!r}).start()
print("started", flush=True)
"""


def start_elsewhere(
    instance: str, *, keep: bool, wait_for_input: bool, database: str = "sqlite"
) -> subprocess.Popen[str]:
    code = START.format(instance=instance, keep=keep, database=database)
    started = subprocess.Popen(
        [sys.executable, "-c", code + ("sys.stdin.read()" if wait_for_input else "")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "started\n"
    return started


def processes(instance: str) -> tuple[Identity, ...]:
    found = state.load(prefix.find().run / instance)
    assert found is not None
    return found.processes


def working_in(folder: Path) -> list[str]:
    """Processes whose working directory is below a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(folder.resolve()):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_an_interrupted_run_leaves_nothing_running(bed: Bed) -> None:
    instance = f"killed-{os.getpid()}"
    owner = start_elsewhere(instance, keep=False, wait_for_input=True)
    folder = prefix.find().run / instance
    assert len(working_in(folder)) > 4
    owner.kill()
    owner.communicate()
    wait.until(lambda: working_in(folder) == [], what="the end of all programs", timeout=20)
    # and this bed went on undisturbed
    assert bed.running


def test_a_kept_bed_goes_on_until_it_is_stopped(bed: Bed) -> None:
    instance = f"kept-{os.getpid()}"
    start_elsewhere(instance, keep=True, wait_for_input=False).communicate()
    folder = prefix.find().run / instance
    kept = Bed.attach(instance)
    assert kept.running
    assert kept.modoboa.request("GET", "domains/").ok
    # Killed like this it cannot end its workers: they have to be found without it
    master = next(entry for entry in processes(instance) if entry.name == "nginx")
    os.kill(master.pid, signal.SIGKILL)
    wait.until(lambda: not kept.running, what="the end of nginx", timeout=5)
    command = [sys.executable, "-m", "bed", "stop", "--instance", instance]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)})
    assert working_in(folder) == []
    with locked(prefix.find(), FOLDERS):
        remove(prefix.find(), instance)
    assert bed.running


def test_a_failed_start_quotes_the_log_and_stops_the_rest() -> None:
    failing = Bed(f"failing-{os.getpid()}")
    # Something answers at that port, but it is not this redis
    with (
        socket.create_server((LOOPBACK, failing.layout.ports.redis)),
        pytest.raises(BedError, match=r"(?s)redis ended with 1:.*Address already in use"),
    ):
        failing.start()
    assert working_in(failing.directory) == []


@pytest.mark.extended
def test_an_interrupted_run_leaves_no_postgresql_running() -> None:
    instance = f"killed-postgresql-{os.getpid()}"
    owner = start_elsewhere(instance, keep=False, wait_for_input=True, database="postgresql")
    folder = prefix.find().run / instance
    assert any("postgres" in command for command in working_in(folder))
    owner.kill()
    owner.communicate()
    wait.until(lambda: working_in(folder) == [], what="the end of all programs", timeout=20)


@pytest.mark.extended
def test_postgresql() -> None:
    with Bed(f"postgresql-{os.getpid()}", database="postgresql") as bed:
        engine = "from django.db import connection; print(connection.vendor)"
        assert bed.modoboa.manage("shell", "-c", engine).split()[-1] == "postgresql"
        admin = bed.modoboa.create_domain("postgresql.example", admin_password=PASSWORD)
        assert admin is not None
        assert bed.modoboa.login(bed.modoboa.hostname, admin.username, PASSWORD)
