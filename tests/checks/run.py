# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every suite of tests and checks, whatever becomes of the others, and count.

    tests/checks/run.py [--all] [SUITE ...]

The last line is ``N passed, N failed``; the exit code is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from bed import BedError, databases, prefix, redis

ROOT = prefix.CHECKOUT
# Seconds. A suite that hangs must not keep the others from being counted.
PATIENCE = 1500
GRACE = 20


@dataclass(frozen=True)
class Count:
    """How many tests or checks came out how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


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


def suites(everything: bool) -> list[Suite]:
    """What there is to run, the quick ones first."""
    found = prefix.find()
    python = [str(found.python("controller"))]
    controller = [*python, "-m", "pytest", "-q"]
    # Tests of other databases and versions take long and are not for every change.
    selected = [] if everything else ["-m", "not extended"]
    # Most of the time one process waits for another; each worker has beds of its own.
    at_once = ["--numprocesses", "2", "--dist", "loadfile"]
    sanity = ["tests/checks/sanity.sh", *(["--all"] if everything else [])]
    extension = Suite(
        "extension",
        [str(found.python("modoboa")), "-m", "pytest", "-q", "--junit-xml"],
        directory=ROOT / "server",
        redis=True,
    )
    extended = [
        replace(extension, name="extension-postgresql", database="postgresql"),
        replace(extension, name="extension-mariadb", database="mariadb"),
        # Twice all that Modoboa has
        Suite(
            "modoboa",
            [*python, "tests/checks/modoboa_own_tests.py"],
            variables={"PYTHONPATH": str(ROOT / "tests")},
            patience=3600,
        ),
    ]
    return [
        Suite("unit", [*controller, "tests/unit", "--junit-xml"]),
        Suite("lint", ["tests/checks/lint.sh"]),
        Suite("build", ["tests/checks/build.sh"]),
        extension,
        *(extended if everything else []),
        # Before the integration tests, some of which run in the environments that it makes
        Suite("sanity", sanity),
        Suite(
            "integration",
            [*controller, *selected, *at_once, "tests/integration", "--junit-xml"],
            patience=3600,
        ),
        Suite("browser", [*controller, "tests/browser", "--junit-xml"]),
    ]


def main() -> int:
    """Run them; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all", action="store_true", help="also what takes long")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="only these")
    arguments = parser.parse_args()
    available = suites(arguments.all)
    unknown = set(arguments.suites) - {suite.name for suite in available}
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    reports = prefix.find().path / "reports"
    reports.mkdir(exist_ok=True)
    table, total = [], Count()
    for suite in available:
        if arguments.suites and suite.name not in arguments.suites:
            continue
        print(f"\n=== {suite.name}", flush=True)
        start = time.monotonic()
        count = run(suite, reports)
        total += count
        table.append(f"{suite.name:<20} {time.monotonic() - start:5.0f} s   {count}")
    print("\n=== summary", *table, "", total, sep="\n")
    return 1 if total.failed else 0


def run(suite: Suite, reports: Path) -> Count:
    """Run one suite and count its verdicts."""
    pytest = "--junit-xml" in suite.command
    report = reports / f"{suite.name}.{'xml' if pytest else 'txt'}"
    report.unlink(missing_ok=True)
    with ExitStack() as services:
        try:
            environment = _start_services(suite, services)
        except BedError as error:
            print(error)
            return Count(failed=1)
        code = _run([*suite.command, str(report)], suite, environment)
    count = _junit(report) if pytest else _verdicts(report)
    if code != 0 and not count.failed:
        # It broke off, or found no test: that must not look like success.
        print(f"{suite.name} ended with {code}")
        return count + Count(failed=1)
    return count


def _start_services(suite: Suite, services: ExitStack) -> Mapping[str, str]:
    """Start what a suite needs; returns what it has to be told."""
    environment = dict(suite.variables)
    if suite.redis:
        url = services.enter_context(redis.standalone(suite.name))
        environment["MODOBOA_TEST_REDIS_URL"] = url
    if suite.database:
        url = services.enter_context(databases.standalone(suite.database, suite.name))
        environment["MODOBOA_TEST_DATABASE_URL"] = url
    return environment


def _run(command: Sequence[str], suite: Suite, environment: Mapping[str, str]) -> int:
    # What this program was found by is not for the suites: each has its own settings for that.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    runner = subprocess.Popen(
        command,
        cwd=suite.directory,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return runner.wait(suite.patience)
    except subprocess.TimeoutExpired:
        print(f"{suite.name} was not finished after {suite.patience} seconds")
        return 1
    finally:
        # Also when this run is interrupted: nothing of a suite goes on alone.
        if runner.poll() is None:
            os.killpg(runner.pid, signal.SIGTERM)
            try:
                runner.wait(GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(runner.pid, signal.SIGKILL)
                runner.wait()


def _junit(report: Path) -> Count:
    """Read the numbers at the head of pytest's report."""
    if not report.exists():
        return Count()
    head = re.search(r"<testsuite [^>]*>", report.read_text())
    numbers = dict(re.findall(r' (\w+)="(\d+)"', head[0])) if head else {}
    failed = int(numbers.get("errors", 0)) + int(numbers.get("failures", 0))
    skipped = int(numbers.get("skipped", 0))
    return Count(int(numbers.get("tests", 0)) - failed - skipped, failed, skipped)


def _verdicts(report: Path) -> Count:
    """Count lines `NAME passed|failed|skipped`."""
    if not report.exists():
        return Count()
    words = [line.split()[-1] for line in report.read_text().splitlines() if line.strip()]
    return Count(*(words.count(verdict) for verdict in ("passed", "failed", "skipped")))


if __name__ == "__main__":
    sys.exit(main())
