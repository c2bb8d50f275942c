# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bed with two portals, in whose Modoboa one guard of isolation can be left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bed.bed import Bed
from bed.modoboa import Modoboa
from bed.process import Program
from bed.template import INSTANCE
from integration.isolation import roles

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"
INSIDE = Path(__file__).with_name("inside_modoboa.py")

# Of this bed's instance alone. The product has no such switch.
SETTINGS = """
import os
import sys
from modoboa_virtualhosts import isolation
isolation.GUARDS = tuple(guard for guard in isolation.GUARDS if guard != os.environ.get("WITHOUT"))
sys.path.insert(0, {inside!r})
# Knows everybody of one domain, and makes their account: as IMAP servers do that people move from
AUTHENTICATION_BACKENDS += ("inside_modoboa.EverybodyBackend",)
# Hundreds of requests a second are no attack here
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"])
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = {mails!r}
MODOBOA_VIRTUALHOSTS_LICENSE_REQUIRED = False
"""


class GuardedModoboa(Modoboa):
    """Modoboa with all guards but one, or with all of them."""

    without = ""

    @property
    def mails(self) -> Path:
        """Where the mails are that it sends."""
        return self.directory / "mails"

    def program(self, *arguments: Any, **keywords: Any) -> Program:
        """How to start it, with the arguments that every Modoboa takes for that."""
        settings = self.directory / INSTANCE / "settings.py"
        more = SETTINGS.format(inside=str(INSIDE.parent), mails=str(self.mails))
        if more not in settings.read_text():
            settings.write_text(settings.read_text() + more)
        program = super().program(*arguments, **keywords)
        return Program(
            program.name,
            program.command,
            program.directory,
            program.log,
            {**program.environment, "WITHOUT": self.without},
        )

    def inside(self, function: str, *arguments: Any) -> Any:
        """Call a function of inside_modoboa.py in a process of Modoboa's; return what it returns."""
        call = f"{function}(*json.loads({json.dumps(arguments)!r}))"
        output = self.manage(
            "shell",
            "-c",
            f"import json; from inside_modoboa import *; print('', json.dumps({call}))",
        )
        return json.loads(output.splitlines()[-1])


class GuardedBed(Bed):
    """A bed with the hosts of the matrix, on the certificates and server blocks of the chain."""

    modoboa: GuardedModoboa

    def _make_parts(self, token: str = "") -> None:
        super()._make_parts(token)
        self.modoboa = GuardedModoboa(self.layout, token)

    def _start(self) -> None:
        super()._start()
        for hostname in roles.DOMAINS:
            self.dns.add(hostname)
        self.modoboa.inside("move_in", roles.DOMAINS, [vars(role) for role in roles.ROLES])
        tenants = [{"hostname": host, "domains": [name]} for host, name in roles.DOMAINS.items()]
        run = self.ansible.run_playbook(
            PLAYBOOKS / "provision.yml",
            inventory={"modoboa": {"hosts": {"front": {"ansible_connection": "local"}}}},
            extra_vars={**self.variables(), "virtualhosts_tenants": tenants},
        )
        assert run.rc == 0, run.stdout
        # In Modoboa alone: its web server goes on serving it
        self.modoboa.inside("disable", roles.DISABLED)

    def restart(self, without: str = "") -> None:
        """Start Modoboa again, without one guard."""
        self._stop_program("modoboa")
        self.modoboa.without = without
        self._launch(self.modoboa.program())
        self._await("modoboa", self.modoboa.ready)
