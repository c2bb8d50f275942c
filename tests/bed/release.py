# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of another Debian release, downloaded with an apt configuration of their own.

What apt knows of this machine's release stays as it is; nothing is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bed.command import run
from bed.errors import BedError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def download(
    release: str, packages: Iterable[str], target: Path, *, complete: bool = False
) -> None:
    """Put the packages' archives of a release such as ``trixie`` into a folder.

    What they depend on only if they are to be ``complete``: without, they are for programs that
    need no more than the C library, and this machine's is enough.

    :raises BedError: a package, or the release, cannot be had; the text has apt's own words.
    """
    if not KEYRING.exists():
        raise BedError(f"{KEYRING} is not there. Install the package debian-archive-keyring.")
    with _configuration(release) as options:
        run(
            ["apt-get", *options, "update"],
            purpose=f"reading the list of packages of Debian {release}",
        )
        wanted = _with_dependencies(release, packages, options) if complete else packages
        run(
            ["apt-get", *options, "download", *wanted],
            purpose=f"downloading from Debian {release}",
            directory=target,
        )


def _with_dependencies(
    release: str, packages: Iterable[str], options: Iterable[str]
) -> Iterable[str]:
    """Everything that a machine would get that has nothing yet."""
    output = run(
        ["apt-get", *options, "--simulate", "--no-install-recommends", "install", *packages],
        purpose=f"resolving packages of Debian {release}",
    )
    return re.findall(r"^Inst (\S+)", output, re.MULTILINE)


@contextmanager
def _configuration(release: str) -> Iterator[list[str]]:
    """Options that make apt know one release, and nothing of this machine."""
    folder = Path(tempfile.mkdtemp(prefix="bed-apt-"))
    try:
        for name in ("lists/partial", "cache/archives/partial", "sources"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources" / "release.sources").write_text(
            f"Types: deb\nURIs: {archive()}\nSuites: {release}\nComponents: main\n"
            f"Signed-By: {KEYRING}\n"
        )
        settings = {
            "Dir::State": folder,
            "Dir::State::lists": folder / "lists",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": folder / "sources",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Acquire::Languages": "none",
            # Else it says no word about a list that it could not get
            "APT::Update::Error-Mode": "any",
        }
        if os.geteuid() == 0:
            # apt's own user may enter neither this folder nor the checkout
            settings["APT::Sandbox::User"] = "root"
        yield [word for name, value in settings.items() for word in ("--option", f"{name}={value}")]
    finally:
        shutil.rmtree(folder)


def archive() -> str:
    """The Debian archive that this machine has its own packages from."""
    output = run(
        ["apt-get", "indextargets", "--format", "$(LABEL) $(CREATED_BY) $(REPO_URI)"],
        purpose="looking for this machine's Debian archive",
    )
    for line in output.splitlines():
        if line.startswith("Debian Packages "):
            return line.split()[2]
    raise BedError(
        "apt on this machine knows no Debian archive. Add one to its sources and run apt-get update."
    )
