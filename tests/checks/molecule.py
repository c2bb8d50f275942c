# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the scenarios in extensions/molecule one after the other, whatever becomes of the others.

    tests/checks/molecule.py [--quick] [--command COMMAND] [--platform NAME] [--report FILE] [SCENARIO ...]

FILE gets one line ``NAME passed|failed`` for each. With another command than ``test``, such as
``converge`` or ``destroy``, hosts stay as that command leaves them.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from bed import BedError, environments, prefix, scenario
from bed.command import last_lines
from bed.setup import link_collection, locked

SCENARIOS = prefix.CHECKOUT / "extensions" / "molecule"
# What a change is tried with: one host with all of it, on which Modoboa is there already
QUICK = "default"
QUICK_PLATFORM = "bookworm"
BASE = "modoboa"
# Seconds for one scenario
PATIENCE = 1800
GRACE = 60


def main() -> int:
    """Run them; returns the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    known = sorted(file.parent.name for file in SCENARIOS.glob("*/molecule.yml"))
    parser.add_argument(
        "--quick", action="store_true", help="what can be had within a minute or two"
    )
    parser.add_argument("--command", default="test", help="of molecule; test by default")
    parser.add_argument("--platform", default="", help="for the command test: only this host")
    parser.add_argument("--report", type=Path, help="file for the verdicts")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="only these")
    arguments = parser.parse_args()
    unknown = set(arguments.scenarios) - set(known)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    platform = QUICK_PLATFORM if arguments.quick else arguments.platform
    with_it = [name for name in known if not platform or platform in platforms(name)]
    if not with_it:
        parser.error(f"no scenario has the platform {platform}")
    chosen = [QUICK] if arguments.quick else arguments.scenarios or with_it
    if os.geteuid() != 0:
        print("Hosts in containers take root.")
        verdicts = [f"{name} skipped" for name in chosen]
    else:
        words = [arguments.command, *(["--platform-name", platform] if platform else [])]
        verdicts = run_all(chosen, words, arguments.report, base=BASE if arguments.quick else "")
    if arguments.report:
        arguments.report.write_text("\n".join([*verdicts, ""]))
    return int(any(verdict.endswith("failed") for verdict in verdicts))


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def platforms(name: str) -> set[str]:
    """Return the names of a scenario's hosts."""
    configured = yaml.safe_load((SCENARIOS / name / "molecule.yml").read_text())
    return {platform["name"] for platform in configured["platforms"]}


def run_all(
    scenarios: Sequence[str], words: Sequence[str], report: Path | None, *, base: str = ""
) -> list[str]:
    """Run a command of molecule in scenarios; returns and reports their verdicts.

    :param base: what hosts start with that say nothing of it
    """
    found = prefix.find()
    with locked(found, "setup"):
        environments.install_molecule(found)
        link_collection(found)
    verdicts: list[str] = []
    for name in scenarios:
        start = time.monotonic()
        # A scenario's hosts have the same names each time
        with locked(found, f"molecule-{name}"):
            passed = run(found, name, words, base=base)
        verdicts.append(f"{name} {'passed' if passed else 'failed'}")
        print(f"molecule {verdicts[-1]:<20} {time.monotonic() - start:5.0f} s", flush=True)
        if report:
            # What has come out so far, should the rest not be waited for
            report.write_text("\n".join([*verdicts, ""]))
    return verdicts


def run(found: prefix.Prefix, name: str, words: Sequence[str], *, base: str = "") -> bool:
    """Run a command of molecule in a scenario; returns whether it came to a good end."""
    reports = found.path / "reports"
    reports.mkdir(exist_ok=True)
    log = reports / f"molecule-{name}.log"
    configured = ["molecule", "--base-config", str(SCENARIOS / "config.yml")]
    environment = {**common_environment(found), "SCENARIO_BASE": base}
    try:
        with log.open("wb") as output:
            command = [*configured, *words, "--scenario-name", name]
            code = _end_of(command, environment, output.fileno())
    finally:
        if words[0] == "test":
            # Also when this run is interrupted
            scenario.stop(name)
    if code:
        print(f"The whole log is {log}. It ends so:\n{last_lines(log.read_text(errors='replace'))}")
    return code == 0


def _end_of(command: Sequence[str], environment: Mapping[str, str], output: int) -> int:
    runner = subprocess.Popen(
        command,
        cwd=prefix.CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        return runner.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return 1
    finally:
        if runner.poll() is None:
            os.killpg(runner.pid, signal.SIGTERM)
            try:
                runner.wait(GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(runner.pid, signal.SIGKILL)
                runner.wait()


def common_environment(found: prefix.Prefix) -> dict[str, str]:
    """Everything that molecule and its Ansible read: nothing of the user's home or configuration."""
    system = "/usr/bin:/bin:/usr/sbin:/sbin"
    home = found.path / "molecule"
    home.mkdir(exist_ok=True)
    return {
        "PATH": f"{found.path / 'venv/molecule/bin'}:{found.bin}:{system}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(found.collections),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "PYTHONDONTWRITEBYTECODE": "1",
        # What starts and stops hosts
        "BED_PATH": f"{found.controller / 'bin'}:{system}",
        "BED_PYTHONPATH": str(prefix.CHECKOUT / "tests"),
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BedError as error:
        sys.exit(f"bed: {error}")
