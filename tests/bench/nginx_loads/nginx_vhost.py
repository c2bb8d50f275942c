# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_vhost, this collection's own module, as the one task of a playbook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bed.ports import LOOPBACK
from bench.nginx_loads.writer import Host, Writer

# Many blocks take nginx longer than the module's default lets it; see docs/nginx.md
PATIENCE = 120


class NginxVhost(Writer):
    """Tests, reloads and verifies by itself."""

    title = "nginx_vhost"

    def play(self, hosts: Sequence[Host], state: str = "present") -> dict[str, Any]:
        """Return the task."""
        nginx, portal = self.front_end.nginx, self.front_end.portal
        options = {
            "state": state,
            "vhosts": [{"name": host.name, "client_max_body_size": host.upload} for host in hosts],
            "storage": str(self.front_end.storage),
            "application": f"unix:{portal}/application.sock",
            "frontend_root": str(portal / "frontend"),
            "static_root": str(portal / "static"),
            "media_root": str(portal / "media"),
            "http_port": nginx.http_port,
            "https_port": nginx.https_port,
            "listen_addresses": [LOOPBACK],
            "sites_available": str(nginx.sites_available),
            "sites_enabled": str(nginx.sites_enabled),
            "nginx": str(nginx.binary),
            "prefix": str(nginx.prefix),
            "config": str(nginx.conf),
            "pid": str(nginx.pid),
            "reload": "signal",
            "timeout": PATIENCE,
        }
        return {"tasks": [{"mailhost.modoboa.nginx_vhost": options}]}

    def block(self, host: Host) -> str:
        """Return the server block of a host, which is written for it and removed again.

        :raises ProgramError: it failed
        """
        self.write([host])
        block = (self.front_end.nginx.sites_available / f"{host.name}.conf").read_text()
        self.run(self.play([host], "absent"))
        return block
