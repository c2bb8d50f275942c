# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server blocks as text, rendered on the controller: hosts need no Jinja for it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import values
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(values.__file__).parent / "templates"
_BLOCKS = {
    "present": ("present",),
    "bootstrap": ("bootstrap", "present"),
    "disabled": ("bootstrap", "present"),
    "absent": (),
}


def server_blocks(host: VirtualHost, settings: Settings) -> dict[str, str]:
    """The blocks that the host may need, by name of the block.

    Which of them it gets is decided where the certificate is: a host that has one keeps HTTPS
    when the bootstrap block is asked for.

    :raises ValueRefusedError: a value is no plain value; it should have been refused before
    """
    return {
        block: _environment().get_template(f"{block}.conf.j2").render(host=host, settings=settings)
        for block in _BLOCKS[host.state]
    }


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(  # noqa: S701 # nginx configuration has no HTML to escape
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _plain(value: Any) -> str:
    """The last gate: whatever a template inserts is data, and cannot be syntax.

    :raises ValueRefusedError: it could be
    """
    text = str(value)
    if text:
        values.check_plain("a value in the template", text)
    return text
