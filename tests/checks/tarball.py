# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a built tarball of the collection with the checkout it was made from.

It must hold what is in git, except what only those need who change it, and nothing else: no
caches, no environments, no left-overs.

    python -m checks.tarball CHECKOUT TARBALL
"""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

from checks.export_tree import files_of

# Made by ansible-galaxy, in place of galaxy.yml
MADE = {"MANIFEST.json", "FILES.json"}
LEFT_OUT = {"galaxy.yml", ".gitignore"}
LEFT_OUT_FOLDERS = (".ci/", ".github/")
# A cache that slips in brings hundreds
MOST_TO_SHOW = 20


def problems(checkout: Path, tarball: Path) -> list[str]:
    """Say what is in only one of the two.

    :param checkout: the repository
    :param tarball: what ``ansible-galaxy collection build`` made of it
    """
    with tarfile.open(tarball) as archive:
        packed = {member.name for member in archive if not member.isdir()}
    expected = {
        name
        for name in files_of(checkout)
        if (checkout / name).exists()
        and name not in LEFT_OUT
        and not name.startswith(LEFT_OUT_FOLDERS)
    }
    return [
        *(f"not in git, but in the tarball: {name}" for name in sorted(packed - expected - MADE)),
        *(f"in git, but not in the tarball: {name}" for name in sorted(expected - packed)),
    ]


def main() -> None:
    """Print the differences; status 1 if there are any."""
    checkout, tarball = (Path(argument) for argument in sys.argv[1:])
    found = problems(checkout, tarball)
    print("\n".join(found[:MOST_TO_SHOW]), f"{len(found)} differences", sep="\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
