# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the real Python interpreters of this machine.

Version managers put shims on PATH, which ansible-test takes for interpreters and then fails on:
what counts is the program that a shim would start.

    python -m checks.interpreters 3.12 3.13    one line `VERSION PATH` for each that is there
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Prints the interpreter itself, not the virtual environment it may have been called through.
SELF = "import sys; print(getattr(sys, '_base_executable', None) or sys.executable)"


def candidates(version: str) -> list[Path]:
    """List the files that may be an interpreter of a version, PATH first, then pyenv's.

    :param version: such as ``3.12``
    """
    directories = [Path(entry) for entry in os.get_exec_path()]
    pyenv = os.environ.get("PYENV_ROOT")
    if pyenv:
        directories += sorted((Path(pyenv) / "versions").glob(f"{version}.*/bin"), reverse=True)
    found = (directory / f"python{version}" for directory in directories)
    return [path for path in found if os.access(path, os.X_OK)]


def interpreter(version: str) -> Path | None:
    """Return the real interpreter of a version that can make virtual environments, or None.

    :param version: such as ``3.12``
    """
    for candidate in candidates(version):
        answer = subprocess.run(
            [candidate, "-c", f"import ensurepip, venv; {SELF}"],
            capture_output=True,
            text=True,
            check=False,
        )
        path = Path(answer.stdout.strip())
        if answer.returncode == 0 and path.name == f"python{version}":
            return path
    return None


def main() -> None:
    """Print what was found of the versions on the command line."""
    for version in sys.argv[1:]:
        path = interpreter(version)
        if path is not None:
            print(version, path)


if __name__ == "__main__":
    main()
