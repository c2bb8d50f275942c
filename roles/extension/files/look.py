# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance has, in the words of its own Python; nothing of it is run or imported.

``python -I - MARK``, in the instance's folder; MARK is the file that the role leaves when it is done.
"""

from __future__ import annotations

import hashlib
import json
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "modoboa_virtualhosts"


def version_of(distribution: str) -> str:
    """The version that is installed, empty if none is."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def digest() -> str:
    """The same as ExtensionSource.digest, of the package as it is installed; empty if it is not."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return ""
    (folder,) = map(Path, spec.submodule_search_locations)
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{content}  {path.relative_to(folder).as_posix()}\n".encode())
    return total.hexdigest()


def serves_each_hostname() -> bool:
    """Whether the frontend is there, and talks to the hostname that it was loaded from."""
    frontend = Path("frontend")
    try:
        text = (frontend / "config.json").read_text(encoding="utf-8")
        relative = str(json.loads(text)["API_BASE_URL"]).startswith("/")
    except (OSError, ValueError, KeyError):
        return False
    # A link, into a virtual environment that may have moved
    return relative and (frontend / "index.html").is_file()


def text_of(path: Path) -> str:
    """The content of a file, empty if it is not there."""
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def main() -> None:
    """Print it."""
    found = digest()
    json.dump(
        {
            "modoboa": version_of("modoboa"),
            "digest": found,
            "version": version_of(PACKAGE) if found else "",
            "frontend": serves_each_hostname(),
            "mark": text_of(Path(sys.argv[1])),
        },
        sys.stdout,
    )


main()
