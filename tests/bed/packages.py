# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages: tools are installed, services are only unpacked into the prefix.

Debian's packages of nginx, redis and PostgreSQL start and enable a service when they are installed;
unpacked they do nothing until the bed starts them.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bed import loader, release
from bed.command import run
from bed.errors import BedError
from bed.prefix import Prefix
from bed.stamp import Stamp

# Changes when the way packages are unpacked does, so that everybody unpacks again.
RECIPE = "1"

TOOLS = {
    "ca-certificates": "pip verifies the package index",
    "gcc": "builds the rrdtool binding that Modoboa needs",
    "libc6-dev": "as gcc",
    "libmagic1": "Modoboa looks at the type of attachments",
    "librrd-dev": "as gcc",
    "python3-dev": "as gcc",
    "python3-venv": "the virtual environments",
    "rrdtool": "Modoboa's statistics",
}
TEST_TOOLS = {
    "chromium": "the browser tests",
    "curl": "HTTP/2 as administrators try it",
    "fonts-dejavu-core": "text in the browser's screenshots",
    "git": "the sanity tests look at the files git knows",
    "libnss3-tools": "the browser is told to trust the CA of the tests",
    "openssl": "TLS sessions that are kept and resumed",
}


@dataclass(frozen=True)
class Service:
    """Packages to unpack, and where in them the programs are.

    With a ``release`` they come from that one, and what they depend on is not looked for. Unless
    they are to be ``complete``: then they bring all they depend on, down to the C library.
    """

    packages: tuple[str, ...]
    programs: Mapping[str, str] = field(default_factory=dict)
    release: str = ""
    complete: bool = False

    def root(self, prefix: Prefix) -> Path:
        """Where they are unpacked."""
        if not self.release:
            return prefix.debian
        # Apart: programs that use this machine's C library must not meet another
        name = f"{self.release}-complete" if self.complete else self.release
        return prefix.path / "releases" / name

    def inputs(self, prefix: Prefix) -> list[str]:
        """What the unpacked files depend on."""
        inputs = [RECIPE, *self.packages, *([self.release] if self.release else [])]
        # Their programs have the prefix written into them
        return [*inputs, str(prefix.path)] if self.complete else inputs


SERVICES = Service(
    packages=("nginx", "nginx-common", "redis-server", "redis-tools", "pebble"),
    programs={
        "nginx": "usr/sbin/nginx",
        "redis-server": "usr/bin/redis-server",
        "redis-cli": "usr/bin/redis-cli",
        "pebble": "usr/bin/pebble",
        "pebble-challtestsrv": "usr/bin/pebble-challtestsrv",
    },
)
PEBBLE_TRIXIE = Service(
    packages=("pebble",),
    programs={"pebble-trixie": "usr/bin/pebble"},
    release="trixie",
)
PEBBLE_SID = Service(
    packages=("pebble",),
    programs={"pebble-sid": "usr/bin/pebble"},
    release="sid",
)
POSTGRESQL = Service(
    packages=("postgresql-15", "postgresql-client-15", "libpq5"),
    programs={
        "initdb": "usr/lib/postgresql/15/bin/initdb",
        "postgres": "usr/lib/postgresql/15/bin/postgres",
        "psql": "usr/lib/postgresql/15/bin/psql",
    },
)
MARIADB = Service(
    # The library and its headers are for the driver, which is built
    packages=("mariadb-server-core", "mariadb-client-core", "libmariadb-dev", "libmariadb3"),
    programs={
        "mariadbd": "usr/sbin/mariadbd",
        "mariadb-install-db": "usr/bin/mariadb-install-db",
    },
)
WRK = Service(packages=("wrk",), programs={"wrk": "usr/bin/wrk"})
PATCHELF = Service(packages=("patchelf",), programs={"patchelf": "usr/bin/patchelf"})


def install_tools(tools: Iterable[str]) -> None:
    """Install those Debian packages that are missing.

    Raises BedError naming them when this user may not install packages.
    """
    missing = [name for name in sorted(tools) if not _installed(name)]
    if not missing:
        return
    as_root = _as_root(missing)
    _say(f"installing with apt-get: {' '.join(missing)}")
    command = [
        *as_root,
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "--yes",
        "--no-install-recommends",
        *missing,
    ]
    _with_update(command, "installing Debian packages", missing)


def unpack_services(prefix: Prefix, name: str, service: Service) -> None:
    """Download a service's packages and what they need, and unpack them into the prefix."""
    stamp = Stamp(prefix.stamps, f"debian-{name}", service.inputs(prefix))
    if stamp.fresh() and all((prefix.bin / program).exists() for program in service.programs):
        return
    if service.complete:
        unpack_services(prefix, "patchelf", PATCHELF)
    root = service.root(prefix)
    folder = prefix.path / "download" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if service.release:
        release.download(service.release, service.packages, folder, complete=service.complete)
    else:
        _download(service.packages, folder)
    archives = sorted(folder.glob("*.deb"))
    source = " ".join(["Debian", service.release]).rstrip()
    _say(f"unpacking from {source}: {' '.join(file.stem for file in archives)}")
    root.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        run(["dpkg", "--extract", archive, root], purpose=f"unpacking {archive.name}")
    shutil.rmtree(folder)
    for program, path in service.programs.items():
        if service.complete:
            loader.set_loader(prefix.bin / "patchelf", root / path, root)
        _write_wrapper(prefix, root, program, path)
    stamp.write()


def _download(packages: Iterable[str], folder: Path) -> None:
    """Put the archives of packages, and of what they need, into a folder."""
    closure = _closure(packages)
    command = ["apt-get", "download", *closure]
    if os.geteuid() == 0:
        # apt's own user may not be able to write into the checkout
        command[1:1] = ["--option", "APT::Sandbox::User=root"]
    _with_update(command, "downloading Debian packages", closure, folder)


def _closure(packages: Iterable[str]) -> list[str]:
    """The packages and those of their dependencies that this machine has not installed."""
    command = ["apt-get", "--simulate", "--no-install-recommends", "install", *packages]
    output = _with_update(command, "resolving Debian packages", packages)
    wanted = re.findall(r"^Inst (\S+)", output, re.MULTILINE)
    return sorted({*packages, *wanted})


def _write_wrapper(prefix: Prefix, root: Path, program: str, path: str) -> None:
    folders = sorted(
        f"$here/{found.relative_to(prefix.path)}"
        for pattern in ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*")
        for found in root.glob(pattern)
    )
    place = root.relative_to(prefix.path)
    prefix.bin.mkdir(exist_ok=True)
    wrapper = prefix.bin / program
    wrapper.write_text(
        "#!/bin/sh\n"
        'here=$(cd "$(dirname "$0")/.." && pwd) || exit\n'
        f'LD_LIBRARY_PATH="{":".join(folders)}" exec "$here/{place}/{path}" "$@"\n'
    )
    wrapper.chmod(0o755)


def _installed(name: str) -> bool:
    try:
        status = run(
            ["dpkg-query", "--show", "--showformat=${db:Status-Status}", name],
            purpose=f"looking for the Debian package {name}",
        )
    except BedError:
        return False
    return status == "installed"


def _as_root(missing: Iterable[str]) -> list[str]:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        return ["sudo"]
    raise BedError(
        "These Debian packages are missing, and only root can install them: "
        f"{' '.join(missing)}. Run this as root, install sudo, or install them yourself."
    )


def _with_update(
    command: list[str],
    purpose: str,
    packages: Iterable[str],
    directory: Path | None = None,
) -> str:
    """Run an apt-get command; when it fails, refresh the package lists once and try again."""
    try:
        return run(command, purpose=purpose, directory=directory)
    except BedError:
        update = [*_as_root(packages), "apt-get", "update"]
        run(update, purpose="refreshing the list of Debian packages")
        return run(command, purpose=purpose, directory=directory)


def _say(text: str) -> None:
    print(f"bed: {text}", file=sys.stderr, flush=True)
