# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections of others, unpacked one by one out of the bundle that is on PyPI as ``ansible``."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from bed.command import run
from bed.environments import REQUIREMENTS
from bed.prefix import Prefix
from bed.setup import locked
from bed.stamp import Stamp

PINNED = REQUIREMENTS / "ansible-bundle.txt"


def collection(prefix: Prefix, name: str) -> Path:
    """Return a folder for ANSIBLE_COLLECTIONS_PATH with one collection; the first call downloads the bundle.

    :param name: such as ``community.crypto``
    :raises BedError: the bundle cannot be had; the text has pip's own words
    """
    target = prefix.path / "bundle" / name
    inside = f"ansible_collections/{name.replace('.', '/')}/"
    with locked(prefix, "bundle"):
        stamp = Stamp(prefix.stamps, f"bundle-{name}", [PINNED])
        if not (stamp.fresh() and (target / inside).is_dir()):
            shutil.rmtree(target, ignore_errors=True)
            _unpack(prefix, inside, target)
            stamp.write()
    return target


def _unpack(prefix: Prefix, inside: str, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=prefix.path) as download:
        run(
            [
                *(prefix.python("controller"), "-m", "pip", "download", "--quiet"),
                *("--disable-pip-version-check", "--no-deps", "--dest", download),
                *("--requirement", PINNED),
            ],
            purpose=f"downloading the bundle with {inside}",
        )
        (bundle,) = Path(download).glob("ansible-*.whl")
        with zipfile.ZipFile(bundle) as archive:
            wanted = [member for member in archive.namelist() if member.startswith(inside)]
            archive.extractall(target, wanted)
