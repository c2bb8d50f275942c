# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""certbot, from the package index, with a configuration folder of its own."""

from __future__ import annotations

import os
from pathlib import Path

from bed.command import run
from bed.environments import REQUIREMENTS
from bed.prefix import Prefix, find
from bed.setup import locked
from bed.stamp import Stamp


def install(prefix: Prefix) -> Path:
    """Make its environment, if it is not there. Returns the program.

    :raises BedError: it cannot be had
    """
    requirements = REQUIREMENTS / "certbot.txt"
    python = prefix.python("certbot")
    with locked(prefix, "certbot"):
        stamp = Stamp(prefix.stamps, "venv-certbot", [str(prefix.path), requirements])
        if not (stamp.fresh() and python.exists()):
            run(
                [prefix.python("controller"), "-m", "venv", "--clear", python.parents[1]],
                purpose="creating the environment of certbot",
            )
            run(
                [
                    *(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                    *("--requirement", requirements),
                ],
                purpose="installing certbot",
            )
            stamp.write()
    return python.parent / "certbot"


class Certbot:
    """An administrator who uses certbot."""

    def __init__(self, folder: Path, directory_url: str, ca_path: Path | None) -> None:
        """Use a folder that need not exist yet.

        :param ca_path: what the CA's own server is verified with
        """
        self.folder = folder
        self.configuration = folder / "config"
        self._directory_url = directory_url
        self._ca_path = ca_path
        self._program = install(find())

    def issue(self, webroot: Path, *names: str, more: tuple[str, ...] = ()) -> Path:
        """Have a certificate issued. Returns the folder with its links.

        :param more: further arguments
        """
        webroot.mkdir(parents=True, exist_ok=True)
        domains = [argument for name in names for argument in ("--domain", name)]
        self.run(
            *("certonly", "--webroot", "--webroot-path", str(webroot), *domains, *more),
            *("--agree-tos", "--email", "hostmaster@example.com"),
        )
        return self.configuration / "live" / names[0]

    def run(self, *arguments: str) -> str:
        """Run it to its end. Returns what it says.

        :raises BedError: it fails
        """
        environment = dict(os.environ)
        if self._ca_path is not None:
            environment["REQUESTS_CA_BUNDLE"] = str(self._ca_path)
        return run(
            [
                self._program,
                *arguments,
                "--non-interactive",
                *("--server", self._directory_url, "--config-dir", self.configuration),
                *("--work-dir", self.folder / "work", "--logs-dir", self.folder / "logs"),
            ],
            environment=environment,
            purpose=f"certbot {arguments[0]}",
        )
