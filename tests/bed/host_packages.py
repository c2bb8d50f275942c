# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host gets at packages: as this machine does, whatever that takes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from bed.command import run
from bed.prefix import Prefix

# Settings of pip that hold for another machine as well
INDEX = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")
BUNDLE = "/etc/ssl/certs/test-bed.pem"


def package_settings(prefix: Prefix, directory: Path) -> dict[str, Path]:
    """Write settings for apt and pip that are those of this machine.

    :param directory: where to
    :returns: path on the host → file here
    """
    apt, pip = directory / "apt.conf", directory / "pip.conf"
    apt.write_text(run(["apt-config", "dump", "Acquire"], purpose="reading apt's settings"))
    found = _pip_settings(prefix)
    lines = [f"{name} = {_elsewhere(found[name])}" for name in INDEX if name in found]
    files = {"/etc/apt/apt.conf.d/90test-bed": apt, "/etc/pip.conf": pip}
    if "cert" in found:
        # A bundle of CA certificates, which the index is verified with
        files[BUNDLE] = Path(found["cert"]).resolve()
        lines.append(f"cert = {BUNDLE}")
    pip.write_text("\n".join(["[global]", *lines, ""]))
    return files


def _elsewhere(value: str) -> str:
    """What of a setting holds on another machine: an index on this machine's disk is not there."""
    return " ".join(word for word in value.split() if not word.startswith("file:"))


def _pip_settings(prefix: Prefix) -> dict[str, str]:
    """What pip takes from this machine's files and environment; the environment comes last."""
    printed = run(
        [prefix.python("controller"), "-m", "pip", "config", "list"],
        purpose="reading pip's settings",
    )
    found = re.findall(r"^(:env:|global)\.([a-z-]+)=('.*')$", printed, re.MULTILINE)
    in_order = sorted(found, key=lambda entry: entry[0] == ":env:")
    return {name: str(ast.literal_eval(value)) for _origin, name, value in in_order}
