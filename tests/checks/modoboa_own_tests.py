# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modoboa's own tests, without the extension and with it: every test has to come out the same.

    tests/checks/modoboa_own_tests.py [--labels LABEL ...] [FILE]

FILE gets one line `NAME passed|failed|skipped` for each test. A test that fails or is skipped without
the extension as well says nothing about it and counts as skipped. Those that differ are run once more
both ways, one after the other, since some depend on the time or the network; and with an extension
that has nothing in it: a test that fails with that supposes that there is none at all, and counts as
skipped as well.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from bed import BedError, environments, prefix, template
from bed.instance import Instance
from bed.layout import Layout, Ports
from bed.ports import LOOPBACK
from bed.redis import Redis

TESTS = prefix.CHECKOUT / "tests"
EVERYTHING = "modoboa"
PROCESSES = 2
# Seconds for one run
PATIENCE = 1200
ABSENT = "not there"
# What Modoboa's tests take for a folder that nobody can make: as root, they make it
MADE_BY_ROOT = Path("/I_DONT_EXIST")
Extension = Literal["none", "empty", "ours"]
# An extension that does nothing, beyond being there and having an API as most have
EMPTY = "empty_extension"
EMPTY_FILES = {
    "__init__.py": "",
    "urls_api.py": "urlpatterns = []",
    "modo_extension.py": f"""
from modoboa.core.extensions import ModoExtension, exts_pool

@exts_pool.register_extension
class Empty(ModoExtension):
    name = "{EMPTY}"
    label = "Nothing"
""",
}

# Added to what deploy writes: how Modoboa's project for its tests differs from an instance
SETTINGS = f"""
TEST_RUNNER = "checks.recording_runner.Runner"
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = False
CORS_ORIGIN_ALLOW_ALL = True
CACHES = {{"default": {{"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}}
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] |= {{"user": "400/minute", "ddos": "50/second"}}
DISABLE_DASHBOARD_EXTERNAL_QUERIES = False
PID_FILE_STORAGE_PATH = os.path.dirname(BASE_DIR)
DOVECOT_USER = "root"

REDIS_HOST = "{LOOPBACK}"
REDIS_PORT = @REDIS_PORT@
# One for each process, below that of the main one
REDIS_TEST_DB = {PROCESSES + 1}

MODOBOA_APPS += ("modoboa.amavis",)
INSTALLED_APPS += ("modoboa.amavis",)
MIGRATION_MODULES = {{"amavis": None}}
DATABASES["amavis"] = {{"ENGINE": "django.db.backends.sqlite3", "NAME": "amavis.db"}}
DATABASES["amavis"]["ATOMIC_REQUESTS"] = True
DATABASE_ROUTERS = ["modoboa.amavis.dbrouter.AmavisRouter"]
AMAVIS_DEFAULT_DATABASE_ENCODING = "UTF-8"
"""


class Project(Instance):
    """A Modoboa to run tests in, with a redis."""

    def __init__(self, extension: Extension) -> None:
        name = f"modoboa-tests-{extension}-{os.getpid()}"
        super().__init__(Layout(prefix.find(), name, "sqlite", Ports.choose()), keep=False)
        self._extension = extension

    def run(self, labels: Sequence[str], processes: int) -> dict[str, str]:
        """Run tests; returns the outcome of each.

        Raises BedError if they are not finished in time, or break off.
        """
        record, log = self.directory / "record.json", self.logs / "tests.log"
        record.unlink(missing_ok=True)
        layout = self.layout
        command = [
            *(str(layout.prefix.python(environments.MODOBOAS_OWN_TESTS)), "manage.py", "test"),
            *("--noinput", "--parallel", str(processes), *labels),
        ]
        with log.open("ab") as output:
            try:
                subprocess.run(
                    command,
                    cwd=layout.modoboa,
                    env={
                        **template.environment(layout.prefix),
                        "PYTHONPATH": str(TESTS),
                        "RECORD_OF_TESTS": str(record),
                    },
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=PATIENCE,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise BedError(f"not finished after {PATIENCE} seconds: see {log}") from error
        if not record.exists():
            raise BedError(f"the tests broke off:\n{self._error_log('tests')}")
        outcomes: dict[str, str] = json.loads(record.read_text())
        return outcomes

    def _start(self) -> None:
        redis = Redis(self.layout)
        self._launch(redis.program())
        self._await("redis", redis.ready)
        template.copy(self.layout, extension=self._extension == "ours")
        more = SETTINGS.replace("@REDIS_PORT@", str(self.layout.ports.redis))
        if self._extension == "empty":
            folder = self.layout.modoboa / EMPTY
            folder.mkdir()
            for name, text in EMPTY_FILES.items():
                (folder / name).write_text(text)
            more += f'MODOBOA_APPS += ("{EMPTY}",)\nINSTALLED_APPS += ("{EMPTY}",)\n'
        with (self.layout.modoboa / template.INSTANCE / "settings.py").open("a") as file:
            file.write(more)


def main() -> int:
    """Compare; returns 1 if a test came out otherwise with the extension."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--labels", nargs="+", default=[EVERYTHING], help="only these tests")
    parser.add_argument("file", nargs="?", type=Path, help="gets the verdicts")
    arguments = parser.parse_args()
    environments.install_modoboas_own_tests(prefix.find())
    with _removed(MADE_BY_ROOT), Project("none") as without, Project("ours") as ours:
        before, after = (_timed(project, arguments.labels) for project in (without, ours))
        differing = _differing(before, after)
        if differing:
            print(f"Once more, one after the other: {' '.join(differing)}", flush=True)
            with Project("empty") as empty:
                again = [_again(project, differing) for project in (without, ours, empty)]
            for name in differing:
                before[name], after[name], control = (outcomes[name] for outcomes in again)
                if after[name] == control == "failed":
                    print(f"{name}: fails with any extension")
                    before[name] = after[name] = "skipped"
    verdicts = compare(before, after)
    for name in sorted(name for name, verdict in verdicts.items() if verdict == "failed"):
        print(f"{name}: {before.get(name, ABSENT)} without, {after.get(name, ABSENT)} with it")
    if arguments.file:
        lines = (f"{name.replace(' ', '_')} {verdict}\n" for name, verdict in verdicts.items())
        arguments.file.write_text("".join(lines))
    counts = [list(verdicts.values()).count(each) for each in ("passed", "failed", "skipped")]
    print("{} pass as well with the extension, {} differ, {} say nothing".format(*counts))
    return 1 if counts[1] or not counts[0] else 0


@contextmanager
def _removed(folder: Path) -> Iterator[None]:
    """Remove a folder in the end that was not there in the beginning."""
    there = folder.exists()
    try:
        yield
    finally:
        if not there:
            shutil.rmtree(folder, ignore_errors=True)


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Return a verdict for each test."""
    verdicts = {}
    for name in {**before, **after}:
        outcome = before.get(name, ABSENT)
        same = outcome == after.get(name, ABSENT)
        verdicts[name] = ("passed" if outcome == "passed" else "skipped") if same else "failed"
    return verdicts


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the tests that came out otherwise. Classes that could not be set up are no tests."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [name for name in names if " " not in name]


def _again(project: Project, names: Sequence[str]) -> dict[str, str]:
    """Run the classes of tests, whose tests may need each other; return the outcomes of the tests."""
    classes = sorted({name.rpartition(".")[0] for name in names})
    outcomes = project.run(classes, 1)
    return {name: outcomes.get(name, ABSENT) for name in names}


def _timed(project: Project, labels: Sequence[str]) -> dict[str, str]:
    start = time.monotonic()
    outcomes = project.run(labels, PROCESSES)
    number = {each: list(outcomes.values()).count(each) for each in sorted({*outcomes.values()})}
    print(f"{project.instance}: {number} in {time.monotonic() - start:.0f} s", flush=True)
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
