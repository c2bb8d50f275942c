# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a Debian that boots in a container, made by debootstrap and kept for every host."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bed import release
from bed.command import run
from bed.prefix import Prefix
from bed.setup import locked
from bed.stamp import Stamp

# Changes when hosts are made in another way, so that everybody makes them again
RECIPE = "1"
# What any small server has. Nothing that roles or modules need is among it but Python.
PACKAGES = ("ca-certificates", "dbus", "iproute2", "openssh-server", "python3", "systemd-sysv")
TOOLS = {"debootstrap": "makes hosts"}
# Seconds; a minute and a half as a rule
PATIENCE = 1800


def prepare(prefix: Prefix, name: str) -> Path:
    """Return the folder with the files of a release; the first call for it takes two minutes.

    ``TOOLS`` have to be installed.

    :param name: of the release, such as ``bookworm``
    :raises BedError: it cannot be had; the text has debootstrap's own words
    """
    root = prefix.path / "hosts" / name
    with locked(prefix, "hosts"):
        stamp = Stamp(prefix.stamps, f"host-{name}", [RECIPE, *PACKAGES])
        if not (stamp.fresh() and root.is_dir()):
            print(f"bed: making a host of Debian {name}", file=sys.stderr, flush=True)
            shutil.rmtree(root, ignore_errors=True)
            root.parent.mkdir(exist_ok=True)
            run(_debootstrap(name, root), purpose=f"making a host of {name}", timeout=PATIENCE)
            stamp.write()
    return root


def _debootstrap(name: str, root: Path) -> list[str | Path]:
    return [
        # What it mounts is gone when it ends, however that happens
        *("unshare", "--mount", "debootstrap", "--variant=minbase"),
        *(f"--include={','.join(PACKAGES)}", f"--keyring={release.KEYRING}"),
        *(name, root, release.archive()),
    ]
