# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python imports this first in each process of a run. In those of modules it tells the test of every
step that is about to be taken, and waits until that may be taken.

Steps are requests, changes of files, connections, programs and signals.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from typing import Any

from integration.audited import CONNECTION, PROGRAM, REQUEST, SIGNAL, Audited


class Reporter:
    """A module's end of the line to the test."""

    def __init__(self, address: str, module: str, audited: Audited) -> None:
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(address)
        self._audited = audited
        self._lock = threading.Lock()
        self._say(module)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Tell of what counts."""
        words = self._audited.words(event, arguments)
        if words:
            self._say(words)

    def _say(self, text: str) -> None:
        with self._lock:
            self._line.sendall(text.replace("\n", " ").encode() + b"\n")
            self._line.recv(1)


def watch() -> None:
    """Report, if this is a module of a run that is watched."""
    script = next((word for word in sys.orig_argv if "AnsiballZ_" in word), "")
    address = os.environ.get("CHAIN_FAULTS", "")
    if script and address:
        module = script.rpartition("AnsiballZ_")[2].partition(".")[0]
        folders = os.environ["CHAIN_FAULTS_BELOW"].split(":")
        audited = Audited(folders, (REQUEST, PROGRAM, CONNECTION, SIGNAL))
        sys.addaudithook(Reporter(address, module, audited).audit)


watch()
