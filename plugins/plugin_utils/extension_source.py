# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Django extension that this collection brings, as an archive that pip installs on a host."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

SERVER = Path(__file__).resolve().parents[2] / "server"
PACKAGE = "modoboa_virtualhosts"
# What building it takes, besides the package itself
PROJECT = ("LICENSE", "README.md", "pyproject.toml")


@dataclass(frozen=True)
class ExtensionSource:
    """The extension's source in a folder."""

    folder: Path = SERVER

    @property
    def version(self) -> str:
        """The version of the distribution."""
        project = (self.folder / "pyproject.toml").read_text(encoding="utf-8")
        (version,) = re.findall(r'^version = "([^"]+)"$', project, re.MULTILINE)
        return str(version)

    def files(self) -> list[Path]:
        """The files of the Python package, in the same order everywhere."""
        package = self.folder / PACKAGE
        return sorted(
            path
            for path in package.rglob("*")
            if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
        )

    def digest(self) -> str:
        """SHA-256 over names and contents of the package's files, to compare installed ones with."""
        total = hashlib.sha256()
        for path in self.files():
            name = path.relative_to(self.folder / PACKAGE).as_posix()
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{content}  {name}\n".encode())
        return total.hexdigest()

    def archive(self) -> bytes:
        """A source distribution, the same to the last byte for the same files."""
        top = f"{PACKAGE}-{self.version}"
        target = io.BytesIO()
        # Not compressed: what a compressor makes depends on its version
        with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path in [*(self.folder / name for name in PROJECT), *self.files()]:
                content = path.read_bytes()
                member = tarfile.TarInfo(f"{top}/{path.relative_to(self.folder).as_posix()}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return target.getvalue()
