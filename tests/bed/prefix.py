# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the bed keeps everything: the private folder ``.bed`` of the checkout."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bed.errors import BedError

CHECKOUT = Path(__file__).resolve().parent.parent.parent

# A unix socket's path has at most 107 characters; the longest part below the prefix is about 50.
LONGEST_PREFIX = 55


@dataclass(frozen=True)
class Prefix:
    """The folders of the bed.

    ``real`` is where they are; ``path`` is how programs are told about them, see ``find``.
    """

    real: Path
    path: Path

    @property
    def debian(self) -> Path:
        """Debian packages of services, unpacked."""
        return self.path / "debian"

    @property
    def bin(self) -> Path:
        """Wrappers that start the unpacked services with their libraries."""
        return self.path / "bin"

    @property
    def controller(self) -> Path:
        """Virtual environment of ansible-core and of the tests."""
        return self.path / "venv" / "controller"

    @property
    def modoboa(self) -> Path:
        """Virtual environment of Modoboa and the extension."""
        return self.path / "venv" / "modoboa"

    @property
    def collections(self) -> Path:
        """What ANSIBLE_COLLECTIONS_PATH is set to: a link in it points back to the checkout."""
        return self.path / "collections"

    @property
    def templates(self) -> Path:
        """Deployed Modoboa instances that a new bed copies."""
        return self.path / "templates"

    @property
    def stamps(self) -> Path:
        """What has been installed, by content hash."""
        return self.path / "stamps"

    @property
    def run(self) -> Path:
        """One folder for each running bed."""
        return self.path / "run"

    def python(self, environment: str) -> Path:
        """The interpreter of a virtual environment, ``controller`` or ``modoboa``."""
        return self.path / "venv" / environment / "bin" / "python"


def find() -> Prefix:
    """The prefix of this checkout: BED_PREFIX, or ``.bed`` beside the sources.

    nginx blocks and unix sockets take neither spaces nor long paths. When the checkout lies at such
    a place, programs reach the prefix through a short link in the temporary folder instead.
    """
    real = Path(os.environ.get("BED_PREFIX") or CHECKOUT / ".bed").absolute()
    real.mkdir(parents=True, exist_ok=True)
    text = str(real)
    if len(text) <= LONGEST_PREFIX and not any(c.isspace() or c in "'\"$;{}\\#" for c in text):
        return Prefix(real=real, path=real)
    return Prefix(real=real, path=_short_link(real))


def _short_link(real: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
    link = Path(tempfile.gettempdir()) / f"bed-{os.getuid()}-{digest}"
    try:
        link.symlink_to(real, target_is_directory=True)
    except FileExistsError:
        found = link.lstat()
        mine = stat.S_ISLNK(found.st_mode) and found.st_uid == os.getuid()
        if not mine or link.readlink() != real:
            raise BedError(
                f"{link} is in the way: the bed needs a short link to {real} of that name. Remove it."
            ) from None
    return link
