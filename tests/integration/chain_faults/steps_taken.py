# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that the modules of a run take, as they are about to take them."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import struct
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

IN_MODULES = Path(__file__).parent / "in_modules"
TESTS = Path(__file__).parents[2]


@dataclass(frozen=True)
class Event:
    """Something that a module is about to do.

    :ivar module: which one, and which run of it within the playbook: ``nginx_vhost 2``
    :ivar what: a request, a change of a file, a connection, a program or a signal
    :ivar pid: the module's process
    """

    module: str
    what: str
    pid: int


class StepsTaken:
    """Hears of the steps of one run after the other. Use it as a context manager.

    Something can be made to happen at a step, while the module waits.
    """

    def __init__(self, roots: Iterable[Path]) -> None:
        """:param roots: folders in which changes of files count"""
        self._roots = ":".join(map(str, roots))
        self._lock = threading.Lock()
        self.start_over()

    def start_over(
        self,
        chosen: Callable[[Event], bool] = lambda _event: False,
        happens: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        """Begin with another run.

        :param chosen: says yes to the step at which something is to happen
        :param happens: does it; once in a run
        """
        with self._lock:
            self.events: list[Event] = []
            self.happened_at: Event | None = None
            self._modules: Counter[str] = Counter()
            self._chosen, self._happens = chosen, happens

    @property
    def environment(self) -> dict[str, str]:
        """What the run's processes have in their environment."""
        return {
            "PYTHONPATH": f"{IN_MODULES}:{TESTS}",
            "CHAIN_FAULTS": self._address,
            "CHAIN_FAULTS_BELOW": self._roots,
        }

    def kill(self, _event: Event) -> None:
        """End every process of the run, none of which gets to do anything more (SIGKILL)."""
        self._kill_all_but(())

    def kill_controller(self, event: Event) -> None:
        """End every process but the module's, which goes on with nobody to listen.

        So do those on a host to which the connection was lost.
        """
        self._kill_all_but((event.pid,))

    def kill_module(self, event: Event) -> None:
        """End the module alone, as a host does that has no memory left."""
        _send(event.pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        # The path of a socket must be short
        self._folder = tempfile.TemporaryDirectory(prefix="steps-")
        self._address = f"{self._folder.name}/line"
        self._server = _Server(self._address, self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()

    def _kill_all_but(self, spared: Collection[int]) -> None:
        mark = f"CHAIN_FAULTS={self._address}".encode()
        while pids := _marked(mark) - set(spared):
            # First nobody moves, so that nobody can see another one gone
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for pid in pids:
                    _send(pid, number)

    def _begins(self, module: str) -> str:
        with self._lock:
            self._modules[module] += 1
            return f"{module} {self._modules[module]}"

    def _takes(self, event: Event) -> None:
        with self._lock:
            self.events.append(event)
            if self.happened_at is None and self._chosen(event):
                self.happened_at = event
                self._happens(event)

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        steps = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                module = steps._begins(self._line())
                self._go_on()
                while line := self._line():
                    steps._takes(Event(module, line, self._pid()))
                    self._go_on()

            def _line(self) -> str:
                return self.rfile.readline().decode().strip()

            def _pid(self) -> int:
                there = self.request.getsockopt(
                    socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
                )
                pid, _user, _group = struct.unpack("3i", there)
                return int(pid)

            def _go_on(self) -> None:
                self.wfile.write(b".")

        return Handler


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever was killed does not hear the answer."""


def _marked(mark: bytes) -> set[int]:
    """The processes with a variable in their environment."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark in variables and state != "Z":
            found.add(int(entry.name))
    return found


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
