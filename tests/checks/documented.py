# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask ansible-doc for everything that an installed collection brings.

``python -m checks.documented COLLECTION``, with the folder that the collection is installed in.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def contents(collection: Path) -> dict[str, list[str]]:
    """List what has a name to be documented under, by the kind that ansible-doc calls it.

    :param collection: the folder of the installed collection
    """
    plugins = collection / "plugins"
    return {
        "module": sorted(path.stem for path in (plugins / "modules").glob("*.py")),
        "lookup": sorted(path.stem for path in (plugins / "lookup").glob("*.py")),
        "filter": sorted(path.stem for path in (plugins / "filter").glob("*.py")),
        "role": sorted(path.name for path in (collection / "roles").iterdir()),
    }


def undocumented(kind: str, names: list[str]) -> list[str]:
    """Return those names of one kind that ansible-doc has nothing to say about.

    :raises subprocess.CalledProcessError: ansible-doc rejects the documentation
    """
    qualified = [f"mailhost.modoboa.{name}" for name in names]
    answer = subprocess.run(
        ["ansible-doc", "--type", kind, "--json", *qualified],
        stdout=subprocess.PIPE,
        check=True,
    )
    documented = json.loads(answer.stdout)
    details = "entry_points" if kind == "role" else "doc"
    return [name for name in qualified if not documented.get(name, {}).get(details)]


def main() -> None:
    """Print what is not documented; status 1 if there is any, or nothing to document at all."""
    complete = True
    for kind, names in contents(Path(sys.argv[1])).items():
        missing = undocumented(kind, names) if names else [f"there is no {kind} at all"]
        for name in missing:
            print(f"{kind}: not documented: {name}")
        complete = complete and not missing
    sys.exit(not complete)


if __name__ == "__main__":
    main()
