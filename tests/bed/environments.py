# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environments: the controller's, Modoboa's, and on demand those of single tests."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bed.command import run
from bed.errors import BedError
from bed.prefix import CHECKOUT, Prefix
from bed.stamp import Stamp

REQUIREMENTS = CHECKOUT / "tests" / "requirements"
EXTENSION = CHECKOUT / "server"
OLDEST = (3, 11)
MODOBOAS_OWN_TESTS = "modoboa-own-tests"


@dataclass(frozen=True)
class Step:
    """One `pip install`: requirement files, and the extension with some of its extras.

    ``extras`` is None where the extension is not installed.
    """

    name: str
    files: tuple[str, ...]
    extras: str | None = None

    def inputs(self) -> list[str | bytes | Path]:
        """What it depends on."""
        inputs: list[str | bytes | Path] = [REQUIREMENTS / file for file in self.files]
        if self.extras is not None:
            inputs += [self.extras, EXTENSION / "pyproject.toml"]
        return inputs

    def arguments(self) -> list[str | Path]:
        """For pip install. The extension comes from this checkout, editable."""
        arguments: list[str | Path] = []
        for file in self.files:
            arguments += ["--requirement", REQUIREMENTS / file]
        if self.extras is not None:
            arguments += ["--editable", f"{EXTENSION}{self.extras}"]
        return arguments


def install_controller(prefix: Prefix, *, tests: bool) -> None:
    """ansible-core and the libraries of the modules, with ``tests`` the tools of the tests."""
    steps = [Step("controller", ("controller.txt",))]
    if tests:
        steps.append(Step("controller-tests", ("controller.txt", "tests.txt", "checks.txt")))
    _install(prefix, "controller", steps)


def install_modoboa(prefix: Prefix, *, tests: bool) -> None:
    """Modoboa, its application server and the extension, with ``tests`` its tests' tools."""
    steps = [Step("modoboa", ("modoboa.txt",), extras="")]
    if tests:
        steps.append(Step("modoboa-tests", ("modoboa.txt",), extras="[test,types]"))
    _install(prefix, "modoboa", steps)


def install_acme2certifier(prefix: Prefix) -> None:
    """An ACME server in Python, with its application server."""
    _install(prefix, "acme2certifier", [Step("acme2certifier", ("acme2certifier.txt",))])


def install_nginx_tools(prefix: Prefix) -> None:
    """What looks at an nginx from outside, and application servers to put behind one."""
    _install(prefix, "nginx-tools", [Step("nginx-tools", ("nginx-tools.txt",))])


def install_runner(prefix: Prefix) -> None:
    """What AWX runs playbooks with."""
    _install(prefix, "runner", [Step("runner", ("runner.txt",))])


def install_molecule(prefix: Prefix) -> None:
    """What runs the scenarios on hosts, with an Ansible of its own."""
    _install(prefix, "molecule", [Step("molecule", ("molecule.txt",))])


def install_api_tools(prefix: Prefix) -> None:
    """What tries an API against its own description."""
    _install(prefix, "api-tools", [Step("api-tools", ("api-tools.txt",))])


def install_modoboas_own_tests(prefix: Prefix) -> None:
    """Modoboa with what its own tests need, and the extension."""
    files = ("modoboa.txt", "modoboa-own-tests.txt")
    _install(prefix, MODOBOAS_OWN_TESTS, [Step(MODOBOAS_OWN_TESTS, files, extras="")])


def install_mariadb_driver(prefix: Prefix) -> None:
    """What Modoboa reaches MariaDB with, built for the library that lies in the prefix."""
    (library,) = prefix.debian.glob("usr/lib/*/libmariadb.so")
    flags = {
        "MYSQLCLIENT_CFLAGS": f"-I{prefix.debian}/usr/include/mariadb",
        "MYSQLCLIENT_LDFLAGS": f"-L{library.parent} -lmariadb -Wl,-rpath,{library.parent}",
        # What was built for another prefix would not find the library
        "PIP_NO_CACHE_DIR": "1",
    }
    _install(prefix, "modoboa", [Step("modoboa-mariadb", ("mariadb.txt",))], flags)


def _install(
    prefix: Prefix, name: str, steps: Sequence[Step], variables: Mapping[str, str] | None = None
) -> None:
    environment = prefix.path / "venv" / name
    python = prefix.python(name)
    usable = _belongs_here(environment) and _works(python)
    if not usable:
        shutil.rmtree(environment, ignore_errors=True)
        # Neither is there what was added to it later
        for file in prefix.stamps.glob(f"venv-{name}*"):
            file.unlink()
        run([_interpreter(), "-m", "venv", environment], purpose=f"creating the environment {name}")
    for step in steps:
        stamp = Stamp(prefix.stamps, f"venv-{step.name}", [str(prefix.path), *step.inputs()])
        if usable and stamp.fresh():
            continue
        print(f"bed: installing Python packages: {step.name}", file=sys.stderr, flush=True)
        command: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--quiet",
        ]
        # A busy package index is waited for
        command += ["--timeout", "60", "--retries", "10"]
        run(
            [*command, *step.arguments()],
            purpose=f"installing {step.name}",
            environment={**_pip_environment(), **(variables or {})},
        )
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
