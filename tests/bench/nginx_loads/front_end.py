# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nginx on loopback that serves nothing but the server blocks that are put into its directories."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

from bed import wait
from bed.ansible import Ansible
from bed.instance import Instance
from bed.layout import Layout, Ports
from bed.ports import LOOPBACK
from bed.prefix import find
from bed.web_server import WebServer
from bench.measuring.usage import ProgramError

# A name without a block gets no answer, so that no block is taken for another one
SERVERS = Template("""\
  server { listen $address:$http_port default_server; server_name _; return 404; }
  server {
    listen $address:$https_port ssl default_server;
    server_name _;
    ssl_reject_handshake on;
  }
  include $enabled/*;
""")
THREADS = 4
TIMEOUT = 10


class Nginx(WebServer):
    """The program, with Debian's pair of directories."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.https_port: int = layout.ports.https
        self.sites_available: Path = self.prefix / "sites-available"
        self.sites_enabled: Path = self.prefix / "sites-enabled"

    def ready(self) -> bool:
        """Whether it accepts connections and has said who it is."""
        return wait.listens((LOOPBACK, self.https_port)) and self.pid.exists()

    def servers(self) -> str:
        """The catch-alls, then whatever is enabled."""
        return SERVERS.substitute(
            address=LOOPBACK,
            http_port=self.http_port,
            https_port=self.https_port,
            enabled=self.sites_enabled,
        )

    def write_configuration(self) -> None:
        """Write the main configuration file; the server blocks stay as they are."""
        for folder in (self.sites_available, self.sites_enabled):
            folder.mkdir(parents=True, exist_ok=True)
        super().write_configuration()


class FrontEnd(Instance):
    """A running nginx, a storage for certificates, and directories for a portal's files."""

    def __init__(self, instance: str) -> None:
        super().__init__(Layout(find(), instance, "sqlite", Ports.choose()), keep=False)
        self.nginx = Nginx(self.layout)
        self.ansible = Ansible(self.layout)

    @property
    def portal(self) -> Path:
        """The folder of the files that every portal serves."""
        return self.directory / "portal"

    def chain(self, name: str) -> Path:
        """Return where a name's certificate is."""
        return self.storage / "certs" / name / "fullchain.pem"

    def enable(self, blocks: Mapping[str, str]) -> None:
        """Put server blocks into place, by name. nginx is not told of them."""
        for name, block in blocks.items():
            file = self.nginx.sites_available / f"{name}.conf"
            file.write_text(block)
            (self.nginx.sites_enabled / file.name).symlink_to(file)

    def change(self, program: Path) -> None:
        """Serve with another nginx from now on."""
        self._stop_program("nginx")
        self.nginx.binary = program
        self._serve()

    def clear(self) -> None:
        """Take all server blocks away. nginx is not told of it."""
        for folder in (self.nginx.sites_enabled, self.nginx.sites_available):
            for file in folder.iterdir():
                file.unlink()

    def stop(self) -> None:
        """Stop nginx. Thousands of certificates would be of no use to anybody."""
        super().stop()
        shutil.rmtree(self.storage, ignore_errors=True)

    def insist_on_serving(self, names: Iterable[str]) -> None:
        """See that each name's own certificate is served.

        :raises ProgramError: it is not; the text says for how many
        """
        names = list(names)
        with ThreadPoolExecutor(THREADS) as threads:
            missing = list(threads.map(self._is_served, names)).count(False)
        if missing:
            raise ProgramError(f"{missing} of {len(names)} names are not served")

    def _is_served(self, name: str) -> bool:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with contextlib.suppress(OSError):
            address = (LOOPBACK, self.nginx.https_port)
            with (
                socket.create_connection(address, TIMEOUT) as connection,
                context.wrap_socket(connection, server_hostname=name) as tls,
            ):
                served = ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True) or b"")
                return self.chain(name).read_text().startswith(served)
        return False

    def _start(self) -> None:
        self.storage.mkdir()
        for folder in ("frontend", "static", "media"):
            (self.portal / folder).mkdir(parents=True)
        (self.storage / "webroot").mkdir()
        self._serve()

    def _serve(self) -> None:
        self._launch(self.nginx.program())
        self._await("nginx", self.nginx.ready)
        self._save(complete=True)
