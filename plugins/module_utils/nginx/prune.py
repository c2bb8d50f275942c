# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual hosts by this module that the task does not name."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import check_hostname
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import (
    CATCH_ALL,
    state_of,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import (
    NginxError,
    reason,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout, Site
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import VirtualHost

_SUFFIX = ".conf"
# More than the line by which a file is known
_HEAD = 1024


def named_hosts(hosts: Collection[VirtualHost], keep: Collection[str]) -> set[str]:
    """The hosts that pruning leaves alone.

    :param hosts: the task's
    :param keep: more names
    :raises ItemsError: nothing is left, or a name is misspelt and would not be kept
    """
    if not hosts or (not keep and all(host.state == "absent" for host in hosts)):
        raise ItemsError(
            f"prune with {'no host in vhosts that stays' if hosts else 'an empty list of vhosts'}"
            " would remove every virtual host; list those that stay, or let those that go be absent"
        )
    problems = []
    for name in keep:
        try:
            check_hostname(name)
        except ValueError as error:
            problems.append(f"keep: {error}")
    if problems:
        raise ItemsError("; ".join(problems))
    return {*(host.name for host in hosts), *keep}


def unnamed_hosts(
    layout: Layout, named: Collection[str], recovered: Mapping[str, Site]
) -> list[VirtualHost]:
    """The virtual hosts to remove. Files of others, and the catch-all, are never among them.

    :param named: hosts that stay
    :param recovered: host → what will be there by then, if that is not what is there now
    :raises NginxError: the directory, or a file in it, cannot be read
    """
    names = _names_on_disk(layout, named).difference(
        name for name, site in recovered.items() if site.content is None
    )
    names.update(name for name, site in recovered.items() if site.content is not None)
    return [
        VirtualHost(name, (name,), "absent")
        for name in sorted(names.difference(named, [CATCH_ALL]))
    ]


def _names_on_disk(layout: Layout, named: Collection[str]) -> set[str]:
    names = set()
    try:
        with os.scandir(layout.available) as entries:
            for entry in entries:
                name = entry.name[: -len(_SUFFIX)]
                if not entry.name.endswith(_SUFFIX) or name in named:
                    continue
                if not entry.is_file(follow_symlinks=False):
                    continue
                with Path(entry.path).open("rb") as stream:
                    if state_of(name, stream.read(_HEAD)) is not None:
                        names.add(name)
    except OSError as error:
        raise NginxError(f"cannot look for server blocks to prune: {reason(error)}") from error
    return names
