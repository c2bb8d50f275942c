# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the renewal of certificates once, and warn of certificates that end soon.

Of runs that overlap only one renews. What a run notes of the certificates is kept, so that the warning comes
even when no later run gets that far. Written by the role mailhost.modoboa.renewal_schedule.

Exit status: 0 all is well, 1 the run failed or could not be started, 3 a certificate is in its danger zone, or
nobody can tell.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pwd
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

WELL, FAILED, DANGER = 0, 1, 3
NOTES = "VIRTUALHOSTS_RENEWAL_NOTES"
UNKNOWN = "no run has told yet how long the certificates last"
# Seconds from the polite signal to the other one
GRACE = 30
ALERT_PATIENCE = 120


class Renewal:
    """What the configuration says, and where the notes are.

    :param configuration: the file that the role wrote, as read
    """

    def __init__(self, configuration: dict[str, Any]) -> None:
        self._settings = configuration
        self._state = Path(configuration["state"])
        self._notes = self._state / "notes"

    def run(self) -> list[str]:
        """Run the playbook, unless another run is under way.

        :returns: what went wrong, in sentences, whatever it is: people are to be warned all the same
        """
        problems = []
        with contextlib.ExitStack() as stack:
            output = None
            try:
                if self._settings["log"]:
                    output = stack.enter_context(Path(self._settings["log"]).open("ab"))
            except OSError as error:
                problems.append(f"the log could not be opened: {error}")
            try:
                problems += self._renew(output)
            except Exception as error:
                problems.append(f"the run broke off: {reason(error)}")
        return problems

    def _renew(self, output: IO[bytes] | None) -> list[str]:
        """Run the playbook, unless another run is under way; what went wrong, in sentences."""
        with self._lock() as lock:
            if lock is None:
                say("another run is under way, which this one leaves it to")
                return []
            with self._new_notes() as noted:
                status = self._play(noted, lock, output)
                self._keep(noted, whole=status == 0)
        if status is None:
            return [f"the run was stopped after {self._settings['timeout']} seconds"]
        if status == 0 and not self.knows():
            # All is well as far as anybody can say, but nobody would be warned
            say(f"{UNKNOWN}, and this one has come to no host that has some")
        return [f"the run ended with status {status}"] if status else []

    def dangers(self) -> list[str]:
        """What ends soon, or may do so without anybody knowing, in sentences."""
        found = []
        for file in self._noted():
            try:
                found += endangered(json.loads(file.read_bytes()))
            except Exception as error:
                # What others noted is said all the same
                found.append(
                    f"{file} cannot be read, so nobody knows how long certificates last: {reason(error)}"
                )
        return found

    def knows(self) -> bool:
        """Whether any run has noted anything."""
        return bool(self._noted())

    def alert(self, message: str) -> None:
        """Give a message to the program that tells people, if there is one."""
        command = self._settings["alert"]
        if not command:
            return
        try:
            text = message.encode(errors="backslashreplace")
            subprocess.run(command, input=text, check=True, timeout=ALERT_PATIENCE)
        except Exception as error:
            say(f"the alert could not be sent: {reason(error)}")

    def _play(self, notes: Path, lock: int, output: IO[bytes] | None) -> int | None:
        """Run the playbook; its exit status, or nothing if it took too long."""
        environment = {**os.environ, **self._settings["environment"], NOTES: str(notes)}
        try:
            process = subprocess.Popen(
                self._settings["command"],
                cwd=self._settings["directory"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output and subprocess.STDOUT,
                start_new_session=True,
                # Held until the playbook has ended, whatever becomes of this process
                pass_fds=[lock],
            )
        except OSError as error:
            say(f"{self._settings['command'][0]} could not be started: {error}")
            return 127
        try:
            return process.wait(self._settings["timeout"])
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None

    @contextlib.contextmanager
    def _lock(self) -> Iterator[int | None]:
        descriptor = os.open(self._state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _new_notes(self) -> Iterator[Path]:
        for left_over in self._state.glob("notes-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix="notes-", dir=self._state))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _keep(self, noted: Path, *, whole: bool) -> None:
        """Take over what a run has noted.

        :param whole: whether it has come to all hosts, so that of others nothing is to be known any more
        """
        self._notes.mkdir(exist_ok=True)
        new = {file.name: file for file in noted.glob("*.json")}
        if whole and new:
            for file in self._noted():
                if file.name not in new:
                    file.unlink()
        for name, file in new.items():
            file.replace(self._notes / name)

    def _noted(self) -> list[Path]:
        return sorted(self._notes.glob("*.json"))


def endangered(note: dict[str, Any]) -> list[str]:
    """What a host's note says of certificates that are in danger, in sentences.

    :raises Exception: it is no such note
    """
    now = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    found = []
    for certificate in note["certificates"]:
        # Moments in this form compare like their texts
        if certificate["danger_from"] <= now:
            end = certificate["not_after"]
            state = f"its certificate ends {end}" if end else "it has no certificate"
            found.append(f"{certificate['name']} on {note['host']}: {state}")
    return found


def reason(error: Exception) -> str:
    """What is wrong, of which the text alone may be but a name."""
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"


def say(text: str) -> None:
    """Tell the log, or whoever looks. Where that is a full disk, people are alerted all the same."""
    with contextlib.suppress(OSError, ValueError):
        print(f"renewal: {text}", file=sys.stderr, flush=True)


def wrong_user(configuration: Path) -> str | None:
    """Why whoever runs this is not to: what they make, the schedule's user could not write any more.

    :returns: what to do instead; nothing if it is the right one
    :raises OSError: there is no such file
    """
    owner = configuration.stat().st_uid
    if os.geteuid() == owner:
        return None
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = f"#{owner}"
    return f"only {name} may do this: {shlex.join(['sudo', '-u', name, *sys.argv])}"


def conclude(renewal: Renewal, problems: list[str], *, watching: bool) -> int:
    """Say what is wrong, and tell people of what is in danger.

    :param problems: what went wrong in the run, if there was one
    :param watching: whether there was none, so that all that can be said is what was noted before
    :returns: the exit status
    """
    dangers = renewal.dangers()
    if (watching or problems) and not renewal.knows():
        dangers = [UNKNOWN]
    for problem in problems:
        say(problem)
    if dangers:
        text = "\n".join(["certificates in danger:", *dangers, *problems])
        say(text)
        renewal.alert(f"{text}\n")
        return DANGER
    return FAILED if problems else WELL


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "configuration",
        type=Path,
        nargs="?",
        default=Path(f"/etc/{Path(sys.argv[0]).name}.json"),
        help="the file that the role wrote; the one of this program's name if not given",
    )
    parser.add_argument("--watch", action="store_true", help="only warn, and renew nothing")
    parser.add_argument("--random-delay", type=float, default=0, metavar="SECONDS")
    options = parser.parse_args()
    try:
        refusal = wrong_user(options.configuration)
    except OSError as error:
        refusal = str(error)
    if refusal:
        say(refusal)
        return FAILED
    try:
        renewal = Renewal(json.loads(options.configuration.read_bytes()))
    except Exception as error:
        say(f"{options.configuration} cannot be read: {reason(error)}")
        return FAILED
    # So that not everybody asks the CA at the same moment; nothing secret
    time.sleep(random.uniform(0, options.random_delay))  # noqa: S311 - spreads load, no secret
    if not options.configuration.exists():
        # The schedule was taken away meanwhile, and nothing of it is to come back
        return WELL
    problems = [] if options.watch else renewal.run()
    return conclude(renewal, problems, watching=options.watch)


if __name__ == "__main__":
    sys.exit(main())
