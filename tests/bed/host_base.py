# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a Debian host on which Modoboa is installed already, made once and kept for every host."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bed import host_files
from bed.errors import BedError
from bed.host import Host
from bed.prefix import CHECKOUT, Prefix
from bed.setup import locked
from bed.stamp import Stamp

# Changes when they are made in another way
RECIPE = "1"
PLAYBOOK = CHECKOUT / "extensions/molecule/common/modoboa.yml"
# Nothing of it runs while its files are copied, and what is mounted is left out
COPY = """\
systemctl stop modoboa redis-server
apt-get clean
tar --create --one-file-system --exclude=./export --directory=/ . |
  tar --extract --preserve-permissions --numeric-owner --directory=/export
sync
"""


def prepare(prefix: Prefix, release: str) -> Path:
    """Return the folder with the files; the first call for a release takes some minutes.

    :param release: of Debian, such as ``bookworm``
    :raises BedError: the host or Modoboa cannot be had
    """
    root = prefix.path / "hosts" / f"{release}-modoboa"
    with locked(prefix, "host-bases"):
        parts: list[str | bytes | Path] = [
            RECIPE,
            host_files.RECIPE,
            *host_files.PACKAGES,
            PLAYBOOK,
        ]
        stamp = Stamp(prefix.stamps, root.name, parts)
        if not (stamp.fresh() and root.is_dir()):
            print(f"bed: making a host of Debian {release} with Modoboa", file=sys.stderr)
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir(parents=True)
            _install(root, release)
            stamp.write()
    return root


def _install(root: Path, release: str) -> None:
    with Host(f"host-base-{release}", release=release, volumes={"/export": root}) as host:
        done = host.ansible.run_playbook(PLAYBOOK, host.ansible_inventory("modoboa"))
        if done.rc != 0:
            raise BedError(f"Modoboa cannot be installed on Debian {release}:\n{done.stdout}")
        host.run(["sh", "-euc", COPY])
