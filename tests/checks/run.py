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
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bed import BedError, databases, prefix, redis

from checks.suites import Lane, Suite, stages

GRACE = 20
_stopping = threading.Event()


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


def main() -> int:
    """Run them; returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all", action="store_true", help="also what takes long")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="only these")
    arguments = parser.parse_args()
    found = stages(arguments.all)
    available = {suite.name for lanes in found for lane in lanes for suite in lane}
    unknown = set(arguments.suites) - available
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    reports = prefix.find().path / "reports"
    reports.mkdir(exist_ok=True)
    counted: list[tuple[Suite, float, Count]] = []
    for lanes in found:
        chosen = [
            [suite for suite in lane if not arguments.suites or suite.name in arguments.suites]
            for lane in lanes
        ]
        counted += run_stage([lane for lane in chosen if lane], reports)
    total = sum((count for _suite, _seconds, count in counted), start=Count())
    table = [f"{suite.name:<20} {seconds:5.0f} s   {count}" for suite, seconds, count in counted]
    print("\n=== summary", *table, "", total, sep="\n")
    return 1 if total.failed else 0


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def run_stage(lanes: Sequence[Lane], reports: Path) -> list[tuple[Suite, float, Count]]:
    """Run lanes beside each other; returns suites with seconds and counts."""
    if not lanes:
        return []
    # What two suites say at once is kept apart
    together = len(lanes) > 1
    with ThreadPoolExecutor(max_workers=len(lanes)) as pool:
        lanes_under_way = [pool.submit(run_lane, lane, reports, together) for lane in lanes]
        try:
            return [each for lane in lanes_under_way for each in lane.result()]
        except BaseException:
            # Also when this run is interrupted: nothing of a suite goes on alone.
            _stopping.set()
            raise


def run_lane(lane: Lane, reports: Path, together: bool) -> list[tuple[Suite, float, Count]]:
    """Run suites one after the other."""
    counted = []
    for suite in lane:
        if _stopping.is_set():
            break
        start = time.monotonic()
        count = run(suite, reports, reports / f"{suite.name}.log" if together else None)
        counted.append((suite, time.monotonic() - start, count))
    return counted


def run(suite: Suite, reports: Path, log: Path | None) -> Count:
    """Run one suite and count its verdicts.

    :param log: where to keep what it says until it ends; None to let it say it at once
    """
    pytest = "--junit-xml" in suite.command
    report = reports / f"{suite.name}.{'xml' if pytest else 'txt'}"
    report.unlink(missing_ok=True)
    if log is None:
        print(f"\n=== {suite.name}", flush=True)
    with ExitStack() as services:
        try:
            environment = _start_services(suite, services)
        except BedError as error:
            print(error)
            return Count(failed=1)
        output = services.enter_context(log.open("wb")) if log else None
        code = _run([*suite.command, str(report)], suite, environment, output)
    if log:
        text = log.read_text(errors="replace")
        print(f"\n=== {suite.name}\n{text}", flush=True)
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


def _run(
    command: Sequence[str],
    suite: Suite,
    environment: Mapping[str, str],
    output: BinaryIO | None,
) -> int:
    # What this program was found by is not for the suites: each has its own settings for that.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    runner = subprocess.Popen(
        command,
        cwd=suite.directory,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output and subprocess.STDOUT,
        start_new_session=True,
    )
    end = time.monotonic() + suite.patience
    try:
        while not _stopping.is_set():
            with suppress(subprocess.TimeoutExpired):
                return runner.wait(1)
            if time.monotonic() > end:
                print(f"{suite.name} was not finished after {suite.patience} seconds")
                break
        return 1
    finally:
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
