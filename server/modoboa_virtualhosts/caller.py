# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Which part of Modoboa asks for a parameter, found without reading source files.

Modoboa 2.12 finds it out by collecting the whole stack, with the source of every line on it, to use
the name of one module: seven milliseconds for a parameter, eight times for the theme that the
frontend asks for on every start. The name alone is there for nothing.
"""

from __future__ import annotations

import re
import sys

from modoboa.parameters import tools

# As in modoboa.lib.sysutils
_EXTENSION = re.compile(r"(?:modoboa\.)?(?:extensions\.)?([^\.$]+)")


def guess_extension_name() -> str | None:
    """Return the application that the caller's caller belongs to, as Modoboa's own function does."""
    match = _EXTENSION.match(sys._getframe(2).f_globals["__name__"])
    return match[1] if match else None


def install() -> None:
    """Take the place of Modoboa's function where parameters are read."""
    if hasattr(tools, "guess_extension_name"):
        tools.guess_extension_name = guess_extension_name
