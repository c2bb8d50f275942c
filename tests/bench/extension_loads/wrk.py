# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests a second an application answers, asked by wrk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bed import packages
from bed.command import run
from bed.setup import unpack_on_demand
from bench.extension_loads.application import Application
from bench.measuring.usage import ProgramError

CONNECTIONS = 2
# Asks on each hostname in turn
IN_TURN = """\
local names, last = {}, 0
function init(arguments)
  for name in io.lines(arguments[1]) do names[#names + 1] = name end
end
function request()
  last = last % #names + 1
  wrk.headers["Host"] = names[last]
  return wrk.format()
end
"""


@dataclass(frozen=True)
class Rate:
    """:ivar requests: a second
    :ivar cpu: milliseconds that the worker has used for each
    """

    requests: float
    cpu: float


class Wrk:
    """The program, unpacked when it is first needed."""

    def __init__(self, application: Application) -> None:
        prefix = application.layout.prefix
        unpack_on_demand(prefix, "wrk", packages.WRK)
        self._program = prefix.bin / "wrk"
        self._application = application
        self._script: Path = application.directory / "in_turn.lua"
        self._script.write_text(IN_TURN)

    def measure(self, path: str, hostnames: Sequence[str], seconds: float) -> Rate:
        """Ask for a path on all hostnames in turn.

        :raises ProgramError: not every answer was one to be counted
        """
        application = self._application
        names = application.directory / "hostnames.txt"
        names.write_text("\n".join(hostnames) + "\n")
        headers = application.headers(hostnames[0])
        before = application.cpu()
        output = run(
            [
                *(self._program, "--threads", "1", "--connections", str(CONNECTIONS)),
                *("--duration", f"{seconds:.0f}s", "--script", self._script),
                *(f"--header={name}: {value}" for name, value in headers.items()),
                *(f"http://{application.address}{path}", "--", names),
            ],
            purpose="wrk",
        )
        cpu = application.cpu() - before
        if "Non-2xx" in output or "Socket errors" in output:
            raise ProgramError(f"{path}: {output.strip()}")
        done = re.search(r"(\d+) requests in", output)
        rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
        if not done or not rate or not int(done[1]):
            raise ProgramError(f"{path}: nothing was answered: {output.strip()}")
        return Rate(float(rate[1]), cpu * 1000 / int(done[1]))
