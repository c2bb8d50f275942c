# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the server blocks on the controller, then lets the module do the rest on the host."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import arguments
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.values import ValueRefusedError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    settings,
    virtual_hosts,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block import server_blocks


class ActionModule(ActionBase):
    """The controller's half of M(mailhost.modoboa.nginx_vhost)."""

    _supports_check_mode = True
    _supports_async = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the task.

        :param tmp: not used any more
        :param task_vars: the task's variables
        :returns: the module's result, or a failure if an option is refused before
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, params = self.validate_argument_spec(
            arguments.argument_spec(),
            mutually_exclusive=arguments.MUTUALLY_EXCLUSIVE,
            required_one_of=arguments.REQUIRED_ONE_OF,
            required_if=arguments.REQUIRED_IF,
        )
        try:
            common = settings(params, self._task.check_mode)
            rendered = {host.name: server_blocks(host, common) for host in virtual_hosts(params)}
        except (ItemsError, ValueRefusedError) as error:
            return {**result, "failed": True, "msg": str(error)}
        done: dict[str, Any] = self._execute_module(
            module_args={**self._task.args, "rendered": rendered},
            task_vars=task_vars,
            wrap_async=self._task.async_val,
        )
        # Hundreds of blocks are of no use in the log
        done.get("invocation", {}).get("module_args", {}).pop("rendered", None)
        return {**result, **done}
