# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a modoboa_* module with real Ansible against the bed's Modoboa."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from bed import Bed
from integration.published_contract.server import PublishedContract


class ModoboaTask:
    """One module with the bed's connection options."""

    def __init__(
        self, bed: Bed, module: str, results: str, server: PublishedContract | None = None
    ) -> None:
        """``results`` is the key under which the module returns its items; ``server`` another one."""
        self.bed = bed
        self._server = server
        self._module = f"mailhost.modoboa.{module}"
        self._results = results

    def connection(self) -> dict[str, Any]:
        """The options that every modoboa_* module takes."""
        if self._server is not None:
            return self._server.connection()
        modoboa = self.bed.modoboa
        return {"url": modoboa.url, "token": modoboa.token, "ca_path": str(modoboa.ca_path)}

    def run(self, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run it once; arguments override the connection's."""
        return self.run_each({"check": check, **arguments})[0]

    def run_each(self, *tasks: dict[str, Any]) -> list[dict[str, Any]]:
        """Run it several times in one play, since it is Ansible that takes long to start."""
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [self._task(**task) for task in tasks],
        }
        with tempfile.TemporaryDirectory() as folder:
            playbook = Path(folder, "playbook.yml")
            playbook.write_text(json.dumps([play]))
            run = self.bed.ansible.run_playbook(playbook, diff=True)
        assert len(run.results) == len(tasks), run.stdout + run.stderr
        return [{"failed": each.status != "ok", **each.result} for each in run.results]

    def settle(self, **arguments: Any) -> dict[str, Any]:
        """Predict, do, and do again; returns what was done.

        The prediction has to be exact, and the second run silent.
        """
        return self.settle_each(arguments)[0]

    def settle_each(self, *tasks: dict[str, Any]) -> list[dict[str, Any]]:
        """Settle one after the other, in one play."""
        every = [each for task in tasks for each in ({"check": True, **task}, task, task)]
        results = self.run_each(*every)
        for predicted, done, again in zip(results[::3], results[1::3], results[2::3], strict=True):
            assert predicted["changed"] == done["changed"]
            assert predicted.get("msg") == done.get("msg")
            assert predicted["diff"] == done["diff"]
            assert self._without_keys(predicted) == self._without_keys(done)
            assert not again["changed"]
            assert again["diff"] == []
        return results[1::3]

    def _task(self, check: bool = False, **arguments: Any) -> dict[str, Any]:
        return {
            self._module: {**self.connection(), **arguments},
            "check_mode": check,
            "ignore_errors": True,
        }

    def _without_keys(self, result: dict[str, Any]) -> list[dict[str, Any]]:
        """The items, less what only the server can know."""
        return [{**item, "pk": None} for item in result[self._results]]
