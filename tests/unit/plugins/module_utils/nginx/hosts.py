# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual hosts, blocks and certificates as tests of the steps need them."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout, Site
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)

RENDERED = ("present", "bootstrap")


def host(name: str, state: str = "present") -> VirtualHost:
    """A host that answers to one more name."""
    return VirtualHost(name, (name, f"www.{name}"), state)


def block(name: str, state: str = "present", more: str = "") -> str:
    """A block that carries the mark, and little else."""
    return f"# Written by mailhost.modoboa.nginx_vhost: {name}, {state}.\n{more}\n"


def rendered(name: str, more: str = "") -> dict[str, str]:
    """What comes from the controller."""
    return {state: block(name, state, more) for state in RENDERED}


def settings(storage: Path) -> Settings:
    """The common part of all blocks."""
    return Settings(str(storage), "webroot", None, 80, 443, ("*",))


def linked(layout: Layout, name: str, content: str) -> Site:
    """A site that nginx reads."""
    return Site(content.encode(), str(layout.file(name)))


def step(layout: Layout, name: str, content: str = "new") -> Step:
    """The way from whatever is there to a bootstrap block, which needs no certificate."""
    before = layout.read(name)
    after = linked(layout, name, block(name, "bootstrap", content))
    return Step(host(name), layout, before, after)
