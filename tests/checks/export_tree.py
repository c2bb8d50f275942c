# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the working tree, without what git ignores, to where a tool insists on having it.

ansible-test wants a collection in ``ansible_collections/NAMESPACE/NAME`` and refuses a link. The
copy is a repository of its own, since ansible-test asks git which files belong to it.

    python -m checks.export_tree SOURCE DESTINATION    DESTINATION is replaced
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def files_of(source: Path) -> list[str]:
    """List the files that a commit of everything would hold, relative to the checkout."""
    listing = subprocess.run(
        ["git", "-C", source, "ls-files", "-z", "-co", "--exclude-standard", "--deduplicate"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listing.stdout.split("\0") if name]


def export(source: Path, destination: Path) -> None:
    """Replace ``destination`` by a copy of ``source`` that git knows.

    :raises subprocess.CalledProcessError: git failed, for example because ``source`` is no checkout
    """
    shutil.rmtree(destination, ignore_errors=True)
    destination.mkdir(parents=True)
    for name in files_of(source):
        origin, copy = source / name, destination / name
        if not origin.is_symlink() and not origin.is_file():
            continue  # deleted, though not yet in git's eyes
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(origin, copy, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", destination], check=True)
    subprocess.run(["git", "-C", destination, "add", "--all"], check=True)


def main() -> None:
    """Export what the command line names."""
    source, destination = (Path(argument).absolute() for argument in sys.argv[1:])
    export(source, destination)


if __name__ == "__main__":
    main()
