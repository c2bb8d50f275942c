# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Podman with everything of it in one folder, for one container that ends with who started it.

Debian's package is only unpacked. Podman, what it starts and what it mounts live in namespaces of
their own, and the kernel removes those with the first process in them.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

from bed.layout import Layout
from bed.packages import Service
from bed.prefix import Prefix
from bed.process import Program

PODMAN = Service(
    packages=("podman", "runc", "slirp4netns"),
    programs={
        "podman": "usr/bin/podman",
        "conmon": "usr/bin/conmon",
        "runc": "usr/sbin/runc",
        "slirp4netns": "usr/bin/slirp4netns",
    },
)
NAME = "host"
# In the folder of the instance
FOLDER = "podman"
KEEPER = Path(__file__).with_name("keeper.py")

CONTAINERS = Template("""\
[containers]
# What podman wants by itself may be more than this machine allows
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "$directory/tmp"
conmon_path = ["$bin/conmon"]
helper_binaries_dir = ["$debian/usr/lib/podman"]
network_cmd_path = "$bin/slirp4netns"
[engine.runtimes]
runc = ["$bin/runc"]
""")
STORAGE = Template("""\
[storage]
driver = "overlay"
graphroot = "$directory/containers"
runroot = "$directory/tmp/containers"
""")
# It ends with the container, however that ended; the keeper closes its standard input, which is no
# failure of `read`, when the container is to go
RUN = Template("""\
set -eu
for folder in netns runc; do
  mkdir -p /run/$$folder
  mount -t tmpfs tmpfs /run/$$folder
done
trap 'exit 1' USR1
{ podman run --name $name $options || true; kill -USR1 $$$$; } &
read -r _ || true
podman rm --force --time 0 $name
""")


def container(layout: Layout, root: Path, options: Sequence[str]) -> Program:
    """Write podman's configuration; how to start a container in which systemd boots.

    :param root: folder with the files of the system, which is not written to
    :param options: more options for ``podman run``
    """
    directory = layout.directory / FOLDER
    directory.mkdir()
    environment = configure(layout.prefix, directory)
    boot = [*options, "--systemd=always", "--rootfs", f"{root}:O", "/lib/systemd/systemd"]
    return Program(
        name=NAME,
        command=[
            *(sys.executable, KEEPER, "unshare", "--mount", "--pid", "--fork", "--mount-proc"),
            *("--kill-child", "sh", "-c", RUN.substitute(name=NAME, options=shlex.join(boot))),
        ],
        directory=directory,
        log=layout.logs / f"{NAME}.log",
        environment=environment,
    )


def configure(prefix: Prefix, directory: Path) -> dict[str, str]:
    """Write podman's configuration into a folder where it keeps all its files; returns its environment."""
    containers, storage = directory / "containers.conf", directory / "storage.conf"
    places = {"bin": prefix.bin, "debian": prefix.debian}
    containers.write_text(CONTAINERS.substitute(places, directory=directory))
    storage.write_text(STORAGE.substitute(directory=directory))
    return {
        "PATH": f"{prefix.bin}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(directory),
        "CONTAINERS_CONF": str(containers),
        "CONTAINERS_STORAGE_CONF": str(storage),
    }
