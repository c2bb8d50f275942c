# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""How Modoboa finds this extension."""

from __future__ import annotations

from typing import Any

from modoboa.core.extensions import ModoExtension, exts_pool


class VirtualHosts(ModoExtension):
    """The extension's entry in Modoboa's list; its version is that of the installed package."""

    name = "modoboa_virtualhosts"
    label = "Virtual hosts"
    description = "Hostnames with a theme and people of their own"


# Annotated as an instance, Modoboa takes the class
register: Any = exts_pool.register_extension
register(VirtualHosts)
