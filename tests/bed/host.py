# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Debian to run roles on: systemd in a container, reached over ssh."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bed import host_files, packages, podman, ssh, state
from bed.ansible import Ansible
from bed.errors import BedError
from bed.host_packages import package_settings
from bed.instance import Instance
from bed.layout import Layout, Ports
from bed.ports import LOOPBACK, free_ports
from bed.prefix import find
from bed.setup import locked, unpack_on_demand
from bed.ssh import Ssh

# How many may run at once, those of other processes included
LIMIT = 4
# Of root, on the host
HOME = "/root"


class Host(Instance):
    """A Debian host as a provider hands it out: systemd, sshd and Python, and hardly anything else.

    Use it as a context manager, or call ``start`` and ``stop``; with ``keep`` it goes on when this
    process ends. It has a network of its own, in which it reaches the registries, and at
    ``bed.ports.MACHINE`` what listens on this machine's loopback. Its own ports are not seen here,
    except those in ``published``: port of this machine, at ``address`` only → port of the host; and
    those in ``shared``, which are at the loopback address itself, so that other hosts reach them.
    It starts with the files of a Debian ``release``, or with those in ``root``, which are not written
    to. ``volumes`` are folders of this machine that it sees, and writes to: path there → folder.
    (Its systemd may do what a container may: services with ``DynamicUser`` do not start.)
    """

    def __init__(
        self,
        instance: str = "host",
        *,
        release: str = "bookworm",
        published: Mapping[int, int] | None = None,
        shared: Mapping[int, int] | None = None,
        keep: bool = False,
        root: Path | None = None,
        volumes: Mapping[str, Path] | None = None,
    ) -> None:
        super().__init__(Layout(find(), instance, "sqlite", Ports.choose()), keep=keep)
        # All of 127.0.0.0/8 is this machine: hosts do not take each other's ports
        self.address: str = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.1"
        self.ansible = Ansible(self.layout)
        self._release = release
        self._root = root
        self._volumes = dict(volumes or {})
        (port,) = free_ports(1)
        self.published: dict[int, int] = {port: 22, **(published or {})}
        self.shared: dict[int, int] = dict(shared or {})
        self._ssh = Ssh(self.directory, self.address, port)

    def ansible_inventory(self, group: str = "all", **variables: Any) -> dict[str, Any]:
        """Return an inventory of this host alone, in a group and with more variables."""
        return {group: {"hosts": {self.instance: {**self.variables(), **variables}}}}

    def variables(self) -> dict[str, Any]:
        """Return what Ansible needs to know to reach it."""
        return {**self._ssh.variables(), "ansible_python_interpreter": "auto"}

    def run(self, words: Sequence[str]) -> str:
        """Run a command on it as root, and return what it printed.

        :raises BedError: it failed; the text has the end of what it said
        """
        return self._ssh.run(words)

    def write(self, path: str, content: str) -> None:
        """Write a file on it; folders that are not there yet are made."""
        script = 'mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1"'
        self.run(["sh", "-c", script, "sh", path, content])

    def _start(self) -> None:
        if os.geteuid() != 0:
            raise BedError("Hosts in containers take root.")
        self._insist_on_room()
        prefix = self.layout.prefix
        with locked(prefix, "setup"):
            packages.install_tools([*ssh.TOOLS, *host_files.TOOLS])
        unpack_on_demand(prefix, "podman", podman.PODMAN)
        root = self._root or host_files.prepare(prefix, self._release)
        files = package_settings(prefix, self.directory)
        public_key = self._ssh.make_keys(root / "etc/ssh/ssh_host_ed25519_key.pub")
        files[f"{HOME}/.ssh/authorized_keys"] = public_key
        options = [
            f"--hostname={self.instance}",
            "--network=slirp4netns:allow_host_loopback=true",
            *(f"--publish={self.address}:{here}:{there}" for here, there in self.published.items()),
            *(f"--publish={LOOPBACK}:{here}:{there}" for here, there in self.shared.items()),
            *(f"--volume={file}:{path}:ro" for path, file in files.items()),
            *(f"--volume={folder}:{path}" for path, folder in self._volumes.items()),
        ]
        self._launch(podman.container(self.layout, root, options))
        self._await(podman.NAME, self._answers)
        self.run(["systemctl", "is-system-running", "--wait"])
        self._save(complete=True)

    def _answers(self) -> bool:
        try:
            self.run(["true"])
        except BedError:
            return False
        return True

    def _insist_on_room(self) -> None:
        """Count the other hosts.

        :raises BedError: there are as many as there may be
        """
        others = []
        for folder in self.layout.prefix.run.glob(f"*/{podman.FOLDER}"):
            found = state.load(folder.parent)
            if found is not None and found.processes and found.running():
                others.append(folder.parent.name)
        if len(others) >= LIMIT:
            raise BedError(
                f"{LIMIT} hosts are running, which is the limit: {', '.join(sorted(others))}"
            )
