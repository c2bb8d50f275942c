# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the server blocks on the controller, then lets the module do the rest on the host."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import arguments
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.build import (
    ADMINISTRATOR_PATH,
    Build,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.rendering import (
    Rendering,
    pack,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.values import ValueRefusedError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    needs_blocks,
    settings,
    virtual_hosts,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block import (
    catch_all_blocks,
    server_blocks,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block_templates import (
    TemplateRefusedError,
)


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
            rendered = pack(self._render(params))
        except (ItemsError, ValueRefusedError, TemplateRefusedError, NginxError) as error:
            return {**result, "failed": True, "msg": str(error)}
        done: dict[str, Any] = self._execute_module(
            module_args={**self._task.args, "rendered": rendered},
            task_vars=task_vars,
            wrap_async=self._task.async_val,
        )
        # Hundreds of blocks are of no use in the log
        done.get("invocation", {}).get("module_args", {}).pop("rendered", None)
        return {**result, **done}

    def _render(self, params: Mapping[str, Any]) -> Rendering:
        """All blocks that the host may need.

        :raises ItemsError: an option is wrong
        :raises NginxError: the host's nginx cannot be asked what it can do
        :raises TemplateRefusedError: a template cannot be used
        """
        common = settings(params, self._task.check_mode)
        hosts = virtual_hosts(params)
        if not needs_blocks(params):
            return Rendering()
        templates = self._templates(params["templates"])
        build = self._build(params["nginx"])
        common.check_build(build)
        return Rendering(
            {host.name: server_blocks(host, common, build, templates) for host in hosts},
            catch_all_blocks(common, build, templates),
        )

    def _templates(self, directory: str | None) -> str | None:
        """Where the operator's templates are: beside the role or the playbook, or at a path."""
        if directory is None:
            return None
        try:
            found: str = self._find_needle("templates", directory)
        except AnsibleError as error:
            raise TemplateRefusedError(f"templates: {error}") from error
        return found

    def _build(self, program: str) -> Build:
        """What the host's nginx can do.

        :raises NginxError: it does not say
        """
        said = self._low_level_execute_command(
            f'PATH="$PATH:{ADMINISTRATOR_PATH}" {shlex.quote(program)} -V'
        )
        try:
            return Build.of(said["stdout"] + said["stderr"])
        except ValueError as error:
            text = " ".join((said["stderr"] or said["stdout"]).split())
            raise NginxError(
                f"{program} -V on the host: {text or error}; install nginx there, or correct the"
                " option nginx"
            ) from error
