# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a modoboa_* module in this process against the server in memory."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, Callable

import pytest
import requests
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import client
from unit.plugins.module_utils.modoboa.script import TOKEN, URL
from unit.plugins.module_utils.modoboa.server import Server


def foresee_copies(file: Path, target: Path) -> None:
    """Put links where Ansible would copy a file to in the next minute.

    As may have done whose folder it is, to what only root may write to.
    """
    for seconds in range(60):
        when = time.strftime("%Y-%m-%d@%H:%M:%S", time.localtime(time.time() + seconds))
        file.with_name(f"{file.name}.{os.getpid()}.{when}~").symlink_to(target)


class Runner:
    """Gives a module its arguments and takes what it prints, as Ansible does."""

    def __init__(
        self,
        main: Callable[[], None],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.server = Server()
        self.printed = ""
        self.warnings: list[str] = []
        self._main = main
        self._capsys = capsys
        monkeypatch.setattr(client, "new_session", self._session)
        # Where a warning goes differs between versions of ansible-core, and with what was imported.
        monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: self.warnings.append(text))
        for name in ("URL", "TOKEN", "USERNAME", "PASSWORD", "CA_PATH", "ALLOW_PLAIN_HTTP"):
            monkeypatch.delenv(f"MODOBOA_{name}", raising=False)

    def _session(self) -> requests.Session:
        # Of the server there is when the module asks: a test may have put another in its place.
        return self.server.session()

    def bare(self, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run it with these arguments and no others."""
        internal = {"_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args({**arguments, **internal}), pytest.raises(SystemExit):
            self._main()
        self.printed = self._capsys.readouterr().out
        result: dict[str, Any] = json.loads(self.printed)
        return result

    def __call__(self, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run it with these arguments and a connection."""
        return self.bare(check=check, url=URL, token=TOKEN, **arguments)
