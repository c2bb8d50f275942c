# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way without a module: templates and links in a loop, and a handler that tests and reloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.nginx_loads.front_end import FrontEnd
from bench.nginx_loads.writer import Host, Writer


class TemplateLoop(Writer):
    """It looks at nothing afterwards: that nginx serves what it should is not seen."""

    title = "template in a loop"

    def __init__(self, front_end: FrontEnd, host: Host, block: str) -> None:
        """Write the same block as somebody else.

        :param block: what the other one has written for the host
        """
        super().__init__(front_end)
        self._template = self.folder / "block.conf.j2"
        self._template.write_text(
            block.replace(host.name, "{{ item.name }}").replace(
                f"client_max_body_size {host.upload};",
                "client_max_body_size {{ item.upload }};",
            )
        )

    def play(self, hosts: Sequence[Host]) -> dict[str, Any]:
        """Return two tasks, each a loop over the hosts, and the handlers."""
        nginx = self.front_end.nginx
        program = f"{nginx.binary} -p {nginx.prefix} -c {nginx.conf}"
        loop = {"loop": "{{ portals }}", "loop_control": {"label": "{{ item.name }}"}}
        return {
            "vars": {
                "portals": [asdict(host) for host in hosts],
                "available": str(nginx.sites_available),
                "enabled": str(nginx.sites_enabled),
            },
            "tasks": [
                {
                    "name": "Write server blocks",
                    "ansible.builtin.template": {
                        "src": str(self._template),
                        "dest": "{{ available }}/{{ item.name }}.conf",
                        "mode": "0644",
                    },
                    "notify": ["Test", "Reload"],
                    **loop,
                },
                {
                    "name": "Enable them",
                    "ansible.builtin.file": {
                        "src": "{{ available }}/{{ item.name }}.conf",
                        "dest": "{{ enabled }}/{{ item.name }}.conf",
                        "state": "link",
                    },
                    "notify": ["Test", "Reload"],
                    **loop,
                },
            ],
            "handlers": [
                {"name": "Test", "ansible.builtin.command": f"{program} -t"},
                {"name": "Reload", "ansible.builtin.command": f"{program} -s reload"},
            ],
        }
