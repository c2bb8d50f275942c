# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container images on a Debian base, without any registry, and commands in containers of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bed import host_files, packages, podman
from bed.command import run
from bed.errors import BedError
from bed.host_packages import package_settings
from bed.prefix import Prefix
from bed.setup import locked, unpack_on_demand
from bed.stamp import Stamp

# Changes when bases are made in another way
RECIPE = "1"
# Signatures are for what comes from elsewhere
POLICY = {"default": [{"type": "insecureAcceptAnything"}]}
# In namespaces of their own, which the kernel removes with the first process in them. What podman remembers of
# running containers goes with them
INSIDE = """\
set -eu
for folder in /run/netns /run/runc "$1"; do
  mkdir -p "$folder"
  mount -t tmpfs tmpfs "$folder"
done
shift
exec "$@"
"""
# Seconds; a minute or two as a rule
PATIENCE = 1800


class Images:
    """The images of this checkout. One command at a time works with them."""

    def __init__(self, prefix: Prefix) -> None:
        """Make it ready.

        :raises BedError: podman cannot be had, or this user may not use it
        """
        if os.geteuid() != 0:
            raise BedError("Containers take root.")
        self._prefix = prefix
        self._folder = prefix.path / "images"
        self._folder.mkdir(exist_ok=True)
        with locked(prefix, "setup"):
            packages.install_tools(host_files.TOOLS)
        unpack_on_demand(prefix, "podman", podman.PODMAN)
        self._environment = podman.configure(prefix, self._folder)
        policy = self._folder / ".config/containers/policy.json"
        policy.parent.mkdir(parents=True, exist_ok=True)
        policy.write_text(json.dumps(POLICY))
        self._settings = package_settings(prefix, self._folder)

    def volumes(self) -> list[str]:
        """Options with which package managers in a container do as this machine does."""
        return [f"--volume={file}:{path}:ro" for path, file in self._settings.items()]

    def base(self, release: str) -> str:
        """Return the image of a Debian release; the first call for it makes it.

        :param release: such as ``trixie``
        :raises BedError: it cannot be had
        """
        name = f"localhost/debian:{release}"
        root = host_files.prepare(self._prefix, release)
        made = self._prefix.stamps / f"host-{release}"
        stamp = Stamp(self._prefix.stamps, f"image-{release}", [RECIPE, made])
        if not (stamp.fresh() and self.exists(name)):
            archive = self._folder / f"{release}.tar"
            run(["tar", "-C", root, "-cf", archive, "."], purpose=f"packing Debian {release}")
            self.run(["podman", "import", "--quiet", archive, name], f"importing Debian {release}")
            archive.unlink()
            stamp.write()
        return name

    def exists(self, name: str) -> bool:
        """Whether there is an image of that name."""
        return self._start(["podman", "image", "exists", name]).returncode == 0

    def run(
        self, words: Sequence[str | Path], purpose: str, variables: Mapping[str, str] | None = None
    ) -> str:
        """Run a command that uses podman, and return what it printed.

        :raises BedError: it failed; the text has ``purpose`` and the end of what it said
        """
        with locked(self._prefix, "images"):
            return run(
                self._words(words),
                environment={**self._environment, **(variables or {})},
                purpose=purpose,
                timeout=PATIENCE,
            )

    def pipe(
        self, options: Sequence[str], name: str, words: Sequence[str], data: bytes
    ) -> subprocess.CompletedProcess[bytes]:
        """Give data to a command in a container of an image; how it ended, and what it answered."""
        command = ["podman", "run", "--rm", "--interactive", "--pull=never", *options, name, *words]
        return self._start(command, data)

    def _start(
        self, words: Sequence[str | Path], data: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        with locked(self._prefix, "images"):
            return subprocess.run(
                self._words(words),
                env=self._environment,
                input=data,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )

    def _words(self, words: Sequence[str | Path]) -> list[str]:
        return [
            # It ends with this process, however that happens
            *("setpriv", "--pdeathsig", "TERM", "--"),
            *("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"),
            *("sh", "-c", INSIDE, "sh", str(self._folder / "tmp"), *map(str, words)),
        ]
