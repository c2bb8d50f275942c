# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which suites of tests and checks there are, and which of them run beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bed import databases, prefix

ROOT = prefix.CHECKOUT
# Seconds. A suite that hangs must not keep the others from being counted.
PATIENCE = 1500


@dataclass(frozen=True)
class Suite:
    """One runner: its command is given the file for its verdicts as the last argument."""

    name: str
    command: Sequence[str]
    directory: Path = ROOT
    variables: Mapping[str, str] = field(default_factory=dict)
    redis: bool = False
    database: databases.Name | None = None
    patience: int = PATIENCE


Lane = list[Suite]
"""Suites that run one after the other."""


def stages(everything: bool) -> list[list[Lane]]:
    """What there is to run, the quick ones first: the lanes of a stage run beside each other.

    Most suites keep one core busy, so two lanes take the time of one.

    :param everything: also what takes long
    """
    found = prefix.find()
    python = [str(found.python("controller"))]
    controller = [*python, "-m", "pytest", "-q"]
    # Tests of other databases and versions take long and are not for every change.
    selected = [] if everything else ["-m", "not extended"]
    # Half of the time one process waits for another; each worker has beds of its own.
    at_once = ["--numprocesses", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
    sanity = ["tests/checks/sanity.sh", *(["--all"] if everything else [])]
    extension = Suite(
        "extension",
        [str(found.python("modoboa")), "-m", "pytest", "-q", "--junit-xml"],
        directory=ROOT / "server",
        redis=True,
    )
    databases_too = [
        replace(extension, name="extension-postgresql", database="postgresql"),
        replace(extension, name="extension-mariadb", database="mariadb"),
    ]
    scenarios = [*python, "tests/checks/molecule.py", *([] if everything else ["--quick"])]
    molecule = Suite(
        "molecule",
        [*scenarios, "--report"],
        variables={"PYTHONPATH": str(ROOT / "tests")},
        patience=7200,
    )
    # Twice all that Modoboa has
    modoboa = Suite(
        "modoboa",
        [*python, "tests/checks/modoboa_own_tests.py"],
        variables={"PYTHONPATH": str(ROOT / "tests")},
        patience=3600,
    )
    return [
        [
            [
                Suite("unit", [*controller, "tests/unit", "--junit-xml"]),
                Suite("lint", ["tests/checks/lint.sh"]),
                Suite("build", ["tests/checks/build.sh"]),
                # Before the integration tests, some of which run in the environments that it makes
                Suite("sanity", sanity),
            ],
            [extension, *([*databases_too, modoboa] if everything else []), molecule],
        ],
        [
            [
                Suite(
                    "integration",
                    [*controller, *selected, *at_once, "tests/integration", "--junit-xml"],
                    patience=7200 if everything else PATIENCE,
                ),
                Suite("browser", [*controller, "tests/browser", "--junit-xml"]),
            ]
        ],
    ]
