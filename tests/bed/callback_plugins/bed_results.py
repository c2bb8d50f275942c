# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what each task gave as one line of JSON to the file that BED_RESULTS names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: bed_results
type: aggregate
short_description: Results of tasks as JSON lines, for the test bed
description:
  - Writes what each task gave as one line of JSON to the file that E(BED_RESULTS) names.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core has no type information
    """Results go to a file, so that the normal output stays what a user sees."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "bed_results"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task that went well."""
        self._task("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task that failed."""
        self._task("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A task whose condition was not met."""
        self._task("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host that did not answer."""
        self._task("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The recap."""
        self._write({"stats": {host: stats.summarize(host) for host in stats.processed}})

    def _task(self, status: str, result: Any) -> None:
        task, host = result.task, result.host
        role = getattr(task, "_role", None)
        self._write(
            {
                "host": host.get_name(),
                "task": task.get_name(include_role_fqcn=False).rpartition(" : ")[2],
                "role": role.get_name() if role else "",
                "action": task.action,
                "status": status,
                "result": {k: v for k, v in result.result.items() if not k.startswith("_ansible")},
            }
        )

    @staticmethod
    def _write(entry: dict[str, Any]) -> None:
        with Path(os.environ["BED_RESULTS"]).open("a") as file:
            file.write(json.dumps(entry, default=str) + "\n")
