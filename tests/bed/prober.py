# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask portals again and again, as their visitors do, and count what goes wrong.

    python -m bed.prober --address ADDRESS --port PORT --ca FILE --report FILE --seconds N NAME ...

Each time it connects anew, checks the certificate, and asks for the page and for the application behind
it. The report is JSON: ``asked``, ``failed``, the first ``errors``, and for each name the ``serials`` of the
certificates that were shown, in order, and whether it has ``ended``: only then all answers are counted. It ends when
a file of the same name with the suffix ``.stop`` appears, or when somebody removes the report, or the CA's root
with the CA.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bed import private_file

# What is asked for, and the status of the answer to somebody who is not logged in
PATHS = {"/": 200, "/api/v2/domains/": 401}
# Seconds: between two questions for a name, and what an answer may take
PAUSE, PATIENCE = 0.2, 15.0
SHOWN = 20


@dataclass
class Record:
    """What has been seen so far."""

    asked: int = 0
    failed: int = 0
    errors: list[str] = field(default_factory=list)
    serials: dict[str, list[str]] = field(default_factory=dict)
    ended: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, name: str, serial: str, error: str) -> None:
        """Count one question, which had an answer unless there is an error."""
        with self.lock:
            self.asked += 1
            seen = self.serials.setdefault(name, [])
            if serial and serial not in seen:
                seen.append(serial)
            if error:
                self.failed += 1
                if len(self.errors) < SHOWN:
                    self.errors.append(f"{time.strftime('%H:%M:%S')} {name}: {error}")

    def text(self) -> str:
        """All of it, as JSON."""
        with self.lock:
            values = {
                "asked": self.asked,
                "failed": self.failed,
                "errors": self.errors,
                "serials": self.serials,
                "ended": self.ended,
            }
            return json.dumps(values)


class Report:
    """The file that says what has been seen, for as long as nobody removes it or writes another."""

    def __init__(self, file: Path) -> None:
        """Begin anew, whatever an earlier prober has left there."""
        self._file, self._stop = file, file.with_suffix(".stop")
        self._stop.unlink(missing_ok=True)
        self._put(Record())

    def awaited(self) -> bool:
        """Whether somebody wants more of it."""
        return self._is_own() and not self._stop.exists()

    def write(self, record: Record) -> None:
        """Write a record down, at once as a whole."""
        if self._is_own():
            self._put(record)

    def _put(self, record: Record) -> None:
        self._written = private_file.write(self._file, record.text().encode())

    def _is_own(self) -> bool:
        try:
            there = self._file.stat()
        except FileNotFoundError:
            return False
        return (there.st_ino, there.st_mtime_ns) == (
            self._written.st_ino,
            self._written.st_mtime_ns,
        )


@dataclass(frozen=True)
class Portal:
    """Where a name is served, the CA that its certificate has to be from, and how long an answer may take."""

    name: str
    address: str
    port: int
    context: ssl.SSLContext
    patience: float = PATIENCE

    def ask(self, path: str, status: int) -> str:
        """Ask for a path; returns the serial number of the certificate.

        :raises OSError: there was no answer, or not with that certificate
        :raises ValueError: the answer has another status
        """
        with (
            socket.create_connection((self.address, self.port), self.patience) as plain,
            self.context.wrap_socket(plain, server_hostname=self.name) as tls,
        ):
            shown = tls.getpeercert() or {}
            tls.sendall(
                f"GET {path} HTTP/1.1\r\nHost: {self.name}\r\nConnection: close\r\n\r\n".encode()
            )
            answer = http.client.HTTPResponse(tls)
            answer.begin()
            answer.read()
        if answer.status != status:
            raise ValueError(f"{path} is answered with {answer.status}")
        return str(shown["serialNumber"])


def watch(portal: Portal, record: Record, ending: threading.Event) -> None:
    """Ask a portal until it is time to end."""
    while not ending.wait(PAUSE):
        for path, status in PATHS.items():
            serial = error = ""
            try:
                serial = portal.ask(path, status)
            except (OSError, ValueError, http.client.HTTPException) as problem:
                error = f"{type(problem).__name__}: {problem}"
            record.note(portal.name, serial, error)


def main(words: Sequence[str] | None = None) -> None:
    """Ask until told to stop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", type=Path, required=True, help="root of the certificates")
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=3600, help="the longest that it goes on")
    parser.add_argument("names", nargs="+", metavar="NAME")
    arguments = parser.parse_args(words)
    context = ssl.create_default_context(cafile=str(arguments.ca))
    record, report, ending = Record(), Report(arguments.report), threading.Event()
    threads = [
        threading.Thread(
            target=watch,
            args=(Portal(name, arguments.address, arguments.port, context), record, ending),
        )
        for name in arguments.names
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + arguments.seconds
    try:
        while time.monotonic() < end and report.awaited() and arguments.ca.exists():
            report.write(record)
            time.sleep(0.5)
    finally:
        # Also when the report cannot be written: a thread that goes on keeps the process
        ending.set()
        for thread in threads:
            thread.join()
    record.ended = True
    report.write(record)


if __name__ == "__main__":
    main()
