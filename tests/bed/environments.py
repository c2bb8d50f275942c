# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two virtual environments: the controller's and Modoboa's."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bed.command import run
from bed.errors import BedError
from bed.prefix import CHECKOUT, Prefix
from bed.stamp import Stamp

REQUIREMENTS = CHECKOUT / "tests" / "requirements"
EXTENSION = CHECKOUT / "server"
OLDEST = (3, 11)


def install_controller(prefix: Prefix) -> None:
    """ansible-core, the libraries of the modules, and the tools of the tests."""
    files = [REQUIREMENTS / "controller.txt", REQUIREMENTS / "checks.txt"]
    _install(prefix, "controller", files, [])


def install_modoboa(prefix: Prefix) -> None:
    """Modoboa, its application server, and the extension from this checkout, editable."""
    _install(prefix, "modoboa", [REQUIREMENTS / "modoboa.txt"], ["-e", f"{EXTENSION}[test,types]"])


def _install(
    prefix: Prefix, name: str, requirements: Sequence[Path], arguments: Sequence[str]
) -> None:
    environment = prefix.path / "venv" / name
    python = prefix.python(name)
    inputs: list[str | bytes | Path] = [str(prefix.path), *requirements]
    if arguments:
        inputs.append(EXTENSION / "pyproject.toml")
    stamp = Stamp(prefix.stamps, f"venv-{name}", inputs)
    usable = _belongs_here(environment) and _works(python)
    if usable and stamp.fresh():
        return
    if not usable:
        shutil.rmtree(environment, ignore_errors=True)
        base = _interpreter()
        run([base, "-m", "venv", environment], purpose=f"creating the environment {name}")
    print(f"bed: installing Python packages for {name}", file=sys.stderr, flush=True)
    command: list[str | Path] = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--quiet", "--timeout", "60", "--retries", "10"]
    for file in requirements:
        command += ["--requirement", file]
    run([*command, *arguments], purpose=f"installing {name}", environment=_pip_environment())
    stamp.write()


def _pip_environment() -> Mapping[str, str]:
    # A prompt, or a package of the user's home, must not get into the environment.
    return {**os.environ, "PIP_NO_INPUT": "1", "PYTHONNOUSERSITE": "1"}


def _interpreter() -> str:
    """A Python of at least ``OLDEST`` that can make virtual environments."""
    wanted = os.environ.get("BED_PYTHON")
    for candidate in [wanted] if wanted else ["/usr/bin/python3", sys.executable]:
        check = f"import sys, ensurepip; sys.exit(sys.version_info < {OLDEST})"
        if _works(Path(candidate), check):
            return candidate
    raise BedError(
        "No Python of at least 3.11 with venv was found. Install python3 and python3-venv of Debian 12 "
        "or newer, or name an interpreter in BED_PYTHON."
    )


def _belongs_here(environment: Path) -> bool:
    """Whether its scripts name this place: a checkout that was moved needs new ones."""
    try:
        return str(environment) in (environment / "bin" / "pip").read_text()
    except FileNotFoundError:
        return False


def _works(python: Path, check: str = "import pip") -> bool:
    if not python.exists():
        return False
    try:
        run([python, "-c", check], purpose="looking at Python")
    except BedError:
        return False
    return True
