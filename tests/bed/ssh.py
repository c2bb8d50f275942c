# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a host over ssh, for tests and for Ansible, with nothing of the user's own settings."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bed import command

# Debian package → what it is for
TOOLS = {"openssh-client": "hosts in containers are reached over ssh"}
# Seconds for one connection
PATIENCE = 10


@dataclass(frozen=True)
class Ssh:
    """Root's access to a host. Its files are in ``directory``."""

    directory: Path
    address: str
    port: int

    def make_keys(self, host_key: Path) -> Path:
        """Make a key, and remember that of the host; returns the public key that the host has to know.

        :param host_key: file with the public key of the host's sshd, of the type ed25519
        """
        command.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test bed", "-f", self._key],
            purpose="making a key for ssh",
        )
        kind, key = host_key.read_text().split()[:2]
        self._known_hosts.write_text(f"host {kind} {key}\n")
        return self._key.with_suffix(".pub")

    def variables(self) -> dict[str, Any]:
        """The variables of Ansible's connection."""
        return {
            "ansible_host": self.address,
            "ansible_port": self.port,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._key),
            "ansible_ssh_common_args": shlex.join(self._options()),
            "ansible_pipelining": True,
        }

    def run(self, words: Sequence[str]) -> str:
        """Run a command there and return what it printed.

        :raises BedError: it failed, or the host does not answer; the text has the end of what was said
        """
        return command.run(
            [
                *("ssh", *self._options(), "-i", str(self._key), "-p", str(self.port)),
                *(f"root@{self.address}", shlex.join(words)),
            ],
            environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            purpose=f"running {words[0]} on the host",
        )

    def _options(self) -> list[str]:
        settings = {
            "BatchMode": "yes",
            "ConnectTimeout": str(PATIENCE),
            "GlobalKnownHostsFile": "none",
            "HostKeyAlgorithms": "ssh-ed25519",
            "HostKeyAlias": "host",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self._known_hosts),
        }
        return ["-F", "none", *(f"-o{name}={value}" for name, value in settings.items())]

    @property
    def _key(self) -> Path:
        return self.directory / "id_ed25519"

    @property
    def _known_hosts(self) -> Path:
        return self.directory / "known_hosts"
