# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server blocks as text, rendered on the controller: hosts need no Jinja for it."""

from __future__ import annotations

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import first_line
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.build import Build
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block_templates import (
    Templates,
)

_BLOCKS = {
    "present": ("present",),
    "bootstrap": ("bootstrap", "present"),
    "disabled": ("bootstrap", "present"),
    "absent": (),
}


def server_blocks(
    host: VirtualHost, settings: Settings, build: Build, templates: str | None = None
) -> dict[str, str]:
    """The blocks that the host may need, by name of the block.

    Which of them it gets is decided where the certificate is: a host that has one keeps HTTPS
    when the bootstrap block is asked for.

    :param build: the nginx that is to read them
    :param templates: directory of the operator's own templates
    :raises TemplateRefusedError: a template cannot be used
    :raises ValueRefusedError: a value is no plain value; it should have been refused before
    """
    found = Templates.at(templates)
    return {
        block: first_line(host.name, block)
        + found.render(f"{block}.conf.j2", host=host, settings=settings, nginx=build)
        for block in _BLOCKS[host.state]
    }


def catch_all_blocks(
    settings: Settings, build: Build, templates: str | None = None
) -> dict[str, str]:
    """The parts of the catch-all, by name: C(http), C(https), and C(quic) if there is HTTP/3.

    Which of them are needed is decided where the rest of nginx's configuration is.

    :raises TemplateRefusedError: a template cannot be used
    :raises ValueRefusedError: a value is no plain value; it should have been refused before
    """
    if settings.catch_all != "present":
        return {}
    found = Templates.at(templates)
    parts = ["http", "https", *(["quic"] if settings.has_http3(build) else [])]
    return {
        part: found.render(f"catch_all_{part}.conf.j2", settings=settings, nginx=build)
        for part in parts
    }
