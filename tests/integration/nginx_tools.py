# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the environment ``nginx-tools``, which is made when it is first needed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from bed import environments
from bed.command import run
from bed.prefix import find
from bed.setup import locked


@lru_cache(maxsize=1)
def python() -> Path:
    """The interpreter of the environment."""
    prefix = find()
    with locked(prefix, "setup"):
        environments.install_nginx_tools(prefix)
    return prefix.python("nginx-tools")


def run_script(name: str, *arguments: str | Path) -> str:
    """Run a script that lies beside this file; returns what it printed.

    :raises BedError: it failed; the text has the end of what it wrote
    """
    script = Path(__file__).with_name(name)
    return run([python(), script, *arguments], purpose=f"running {name}", timeout=300)


def run_module(name: str, *arguments: str | Path, purpose: str) -> str:
    """Run a program of the environment by the name of its module; returns what it printed."""
    words: Sequence[str | Path] = [python(), "-m", name, *arguments]
    return run(words, purpose=purpose, timeout=300)
