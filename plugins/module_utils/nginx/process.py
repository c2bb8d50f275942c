# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nginx program and the running nginx: testing a configuration, and reloading it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.build import (
    ADMINISTRATOR_PATH,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.error_log import (
    ErrorLog,
    errors_in,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.listening import (
    without_comments,
)

_PAUSE = 0.02

RunCommand = Callable[..., tuple[int, str, str]]
"""AnsibleModule.run_command: exit status, output and errors of a command"""

_LOADED = re.compile(r"^# configuration file (/.+):$", re.MULTILINE)
_CONFLICT = re.compile(r'conflicting server name "([^"]+)" on (\S+), ignored')
_POSITION = re.compile(r" in (/\S+):[0-9]+$")


@dataclass(frozen=True)
class TestResult:
    """What C(nginx -T) says about the configuration on disk."""

    __test__ = False  # pytest would take it for a test

    ok: bool
    error: str = ""
    """nginx's own words if it is not ok"""
    conflicts: frozenset[str] = frozenset()
    """Names that more than one server block claims at one address"""
    loaded: dict[str, str] = field(default_factory=dict)
    """Files that nginx reads → their content"""

    @property
    def file(self) -> str | None:
        """The file at fault, where nginx names one."""
        for line in self.error.splitlines():
            position = _POSITION.search(line)
            if position is not None:
                return position.group(1)
        return None

    def claims(self, name: str) -> list[str]:
        """The files with a server block that claims a name."""
        directive = re.compile(
            rf"(?<![^\s;{{}}])server_name\s[^;]*(?<![\w.-]){re.escape(name)}(?![\w.-])"
        )
        return [
            path
            for path, content in self.loaded.items()
            if name in content and directive.search(without_comments(content))
        ]


@dataclass(frozen=True)
class _Process:
    """A process for certain: numbers come back, but not with the same time of birth."""

    pid: str
    parent: int
    birth: str


def _process(pid: str) -> _Process | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the name, in parentheses, and may contain anything
    fields = status.rpartition(")")[2].split()
    return _Process(pid, int(fields[1]), fields[19])


def _candidates(parent: int) -> list[str]:
    """The process ids among which a process's children are."""
    try:
        text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    except OSError:
        # The kernel was built without this list
        return [entry.name for entry in os.scandir("/proc") if entry.name.isdigit()]
    return text.split()


def _accepts(worker: _Process) -> bool:
    """Whether a worker is there still and has not been told to finish."""
    try:
        command = Path(f"/proc/{worker.pid}/cmdline").read_bytes()
    except OSError:
        return False
    # A worker that finishes says so in its title
    return command.rstrip(b"\0 ") == b"nginx: worker process" and _process(worker.pid) == worker


class Nginx:
    """One nginx: how its program is called and how it is told to reload."""

    def __init__(
        self,
        run_command: RunCommand,
        program: str,
        prefix: str | None,
        config: str | None,
        pid: str,
        reload: str,
        reload_command: Sequence[str] | None = None,
    ) -> None:
        """From the options of the same names.

        :param run_command: the module's way to run programs
        :raises NginxError: there is no such program
        """
        self._run_command = run_command
        self._command = [_find(program)]
        self._command += ["-p", prefix] if prefix else []
        self._command += ["-c", config] if config else []
        self._prefix = prefix
        self._config = config
        self.loaded: dict[str, str] = {}
        """What the last configuration consists of that nginx took when it was asked"""
        self._pid_file = Path(pid)
        self._method = reload
        self._reload_command = list(reload_command or [])

    def test(self) -> TestResult:
        """Let nginx read the configuration on disk as it would when it reloads."""
        status, output, errors = self._run([*self._command, "-T"])
        if status != 0:
            said = errors_in(errors) or dict.fromkeys(
                filter(None, map(str.strip, errors.splitlines()))
            )
            return TestResult(False, "\n".join(said) or "nginx says nothing more")
        conflicts = frozenset(match.group(1) for match in _CONFLICT.finditer(errors))
        parts = _LOADED.split(output)
        self.loaded = {
            path: content.removeprefix("\n") for path, content in zip(parts[1::2], parts[2::2])
        }
        return TestResult(True, "", conflicts, self.loaded)

    @property
    def main_config(self) -> str:
        """The main configuration file, for messages."""
        return self._config or "nginx.conf"

    def insist_on_running(self) -> None:
        """Make sure that there is an nginx to reload.

        :raises NginxError: there is none
        """
        if self._master() is None:
            raise NginxError(
                f"nginx is not running, as far as {self._pid_file} tells;"
                " start it, or name its pid file with the option pid"
            )

    def reload(self, timeout: float) -> None:
        """Make the running nginx take the configuration on disk, and wait until it has.

        nginx keeps its old workers if it cannot take a configuration, so new ones are the proof.
        The old ones go on accepting connections for a moment: a CA that came in that moment would
        be answered from the old configuration.

        :param timeout: seconds to wait for the one, and for the other
        :raises NginxError: it did not
        """
        self.insist_on_running()
        before = self._workers()
        log = ErrorLog(self.loaded, self._prefix)
        self._ask_to_reload()
        deadline = time.monotonic() + timeout
        while not self._workers() - before:
            if time.monotonic() > deadline:
                raise NginxError(
                    f"nginx started no new workers within {timeout:g} seconds of the reload, so it"
                    f" kept its old configuration; {log.explanation()}"
                )
            time.sleep(_PAUSE)
        deadline = time.monotonic() + timeout
        while any(_accepts(worker) for worker in before):
            if time.monotonic() > deadline:
                raise NginxError(
                    f"nginx's old workers still accept connections {timeout:g} seconds after the"
                    " reload; its error log may say why"
                )
            time.sleep(_PAUSE)

    def _ask_to_reload(self) -> None:
        if self._method == "signal":
            master = self._master()
            try:
                if master is not None:
                    os.kill(master, signal.SIGHUP)
            except OSError as error:
                raise NginxError(f"nginx cannot be told to reload: {error.strerror}") from error
            return
        command = self._reload_command
        if self._method == "systemd":
            command = [_find("systemctl"), "reload", "nginx.service"]
        status, output, errors = self._run(command)
        if status != 0:
            said = " ".join((errors or output).split())
            raise NginxError(f"{' '.join(command)} failed ({status}): {said}")

    def _run(self, command: Sequence[str]) -> tuple[int, str, str]:
        try:
            return self._run_command(
                list(command),
                environ_update={"LC_ALL": "C"},
                errors="replace",
                # A dollar sign in a path is a dollar sign.
                expand_user_and_vars=False,
                handle_exceptions=False,
            )
        except OSError as error:
            raise NginxError(f"{command[0]} cannot be run: {error}") from error

    def _master(self) -> int | None:
        """The process id of the running nginx; None if there is none."""
        try:
            pid = int(self._pid_file.read_text(encoding="ascii"))
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        # After a crash the number may be somebody else's by now
        return pid if command.startswith(b"nginx: master process") else None

    def _workers(self) -> frozenset[_Process]:
        """The master's children."""
        master = self._master()
        if master is None:
            return frozenset()
        processes = map(_process, _candidates(master))
        return frozenset(
            process for process in processes if process is not None and process.parent == master
        )


def _find(program: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), ADMINISTRATOR_PATH])
    found = shutil.which(program, path=path)
    if found is None:
        package = "nginx" if program != "systemctl" else "systemd"
        raise NginxError(
            f"there is no program {program}; install it (Debian package {package})"
            + (", or name another with the option nginx" if package == "nginx" else "")
            + (", or choose another way with the option reload" if package == "systemd" else "")
        )
    return found
