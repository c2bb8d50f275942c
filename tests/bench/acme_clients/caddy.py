# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""caddy, from Debian: a web server that gets the certificates of its sites."""

from __future__ import annotations

import subprocess
from pathlib import Path
from string import Template

from bed import wait
from bed.errors import NotInTimeError
from bed.packages import Service
from bed.ports import free_ports
from bed.setup import unpack_on_demand
from bench.acme_clients.client import Client
from bench.measuring.usage import Program, ProgramError, Usage, ended, reported, started

SERVICE = Service(packages=("caddy",), programs={"caddy": "usr/bin/caddy"})
# It answers challenges itself, on the port where the CA looks: beside nginx, on another address
ADDRESS = "127.0.0.3"
PATIENCE = 300

CONFIGURATION = Template("""\
{
  admin off
  default_bind $address
  http_port $http_port
  https_port $https_port
  storage file_system $folder
}
$sites {
  tls {
    issuer acme {
      dir $directory
      trusted_roots $ca
      disable_tlsalpn_challenge
    }
  }
}
""")


class Caddy(Client):
    """A caddy that is started with new sites. It creates the account on its way."""

    title = "caddy, all sites at once"

    def install(self) -> None:
        """Unpack Debian's package."""
        unpack_on_demand(self.bed.layout.prefix, "caddy", SERVICE)

    def prepare(self) -> None:
        """Create its folder."""
        self.folder.mkdir()

    def resolve(self, names: list[str]) -> None:
        """Lead the CA to caddy."""
        self.bed.dns.add(*names, address=ADDRESS)

    def issue(self, names: list[str]) -> Usage:
        """Start caddy and wait until it has them."""
        configuration = self.folder / "Caddyfile"
        configuration.write_text(
            CONFIGURATION.substitute(
                address=ADDRESS,
                http_port=self.bed.http_port,
                https_port=free_ports(1)[0],
                folder=self.folder,
                sites=", ".join(names),
                directory=self.bed.acme.directory_url,
                ca=self.bed.acme.ca_path,
            )
        )
        command: list[str | Path] = [
            "caddy",
            "run",
            "--config",
            configuration,
            "--adapter",
            "caddyfile",
        ]
        program = Program(command, self.environment, self.folder, self.log)
        with started(program) as process:
            try:
                wait.until(
                    lambda: self._finished(names, program, process),
                    what="caddy has all certificates",
                    timeout=PATIENCE,
                )
            except NotInTimeError as error:
                raise ProgramError(str(error)) from error
            finally:
                process.terminate()
        return reported(program)

    def certificate(self, name: str) -> Path:
        """Return where caddy puts the chain; the folder above is named after the CA."""
        pattern = f"certificates/*/{name}/{name}.crt"
        return next(self.folder.glob(pattern), self.folder / pattern)

    def _finished(
        self, names: list[str], program: Program, process: subprocess.Popen[bytes]
    ) -> bool:
        code = process.poll()
        if code is not None:
            raise ended(program, code)
        return all(self.certificate(name).exists() for name in names)
