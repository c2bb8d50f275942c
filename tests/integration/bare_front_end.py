# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A front end that has nothing but what nginx_vhost writes, not even a default server."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from bed import wait
from bed.command import run
from integration.front_end import ADDRESS, FrontEnd

_CONFIGURATION = Template("""\
$user
worker_processes $workers;
daemon off;
pid $directory/nginx.pid;
error_log $directory/error.log info;
events { worker_connections 1024; }
http {
  types { text/html html; application/javascript js; application/json json; image/svg+xml svg; }
  default_type application/octet-stream;
  server_tokens off;
  access_log $directory/access.log;
  client_body_temp_path $directory/temporary;
  proxy_temp_path $directory/temporary;
  fastcgi_temp_path $directory/temporary;
  uwsgi_temp_path $directory/temporary;
  scgi_temp_path $directory/temporary;
  $more
  # Stands for Modoboa: says what it was told
  server {
    listen unix:$directory/application.sock;
    default_type text/plain;
    return 200 "$$http_host $$http_x_forwarded_proto $$http_x_forwarded_host $$request_uri";
  }
  include $directory/sites-enabled/*;
}
""")


class BareFrontEnd(FrontEnd):
    """A directory with everything, and the process that serves from it."""

    def __init__(self, directory: Path, binary: Path, workers: int = 2) -> None:
        self._workers = workers
        super().__init__(directory, binary)

    def write_config(self, **changes: Any) -> None:
        """Write nginx's main configuration file; ``more`` is put into its http block."""
        values = {
            "user": "user root;" if os.geteuid() == 0 else "",
            "directory": self.directory,
            "workers": self._workers,
            "more": "",
        }
        self.config.write_text(_CONFIGURATION.substitute({**values, **changes}))

    def start(self) -> None:
        """Start nginx and wait until it listens."""
        self.launch()
        pid = self.directory / "nginx.pid"
        application = f"{self.directory}/application.sock"
        wait.until(
            lambda: wait.listens(application) and pid.exists(), what="nginx listens", timeout=10
        )

    def warnings(self) -> list[str]:
        """What nginx has to say about its configuration, though it takes it."""
        tested = subprocess.run(
            [
                *(self.binary, "-p", self.directory, "-c", self.config),
                *("-e", self.directory / "error.log", "-t"),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        fine = ("syntax is ok", "test is successful")
        return [line for line in tested.stderr.splitlines() if not line.endswith(fine)]

    def complaints(self) -> list[str]:
        """What nginx has logged while it ran, but for its work and for who asked for what is not there."""
        lines = (self.directory / "error.log").read_text().splitlines()
        quiet = ("[info]", "[notice]", "(2: No such file or directory), client: ")
        return [line for line in lines if not any(text in line for text in quiet)]

    def issue_rsa(self, name: str) -> None:
        """Put a new certificate with an RSA key in place."""
        directory = self.storage / "certs" / name
        directory.mkdir(parents=True, exist_ok=True)
        run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90"),
                *("-subj", f"/CN={name}", "-keyout", directory / "privkey.pem"),
                *("-out", directory / "fullchain.pem"),
            ],
            purpose=f"making an RSA certificate for {name}",
        )

    def request(
        self,
        name: str,
        target: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of a request over TLS, with headers besides those of course."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPConnection(name, self.https_port, timeout=20)
        with socket.create_connection((ADDRESS, self.https_port), 20) as plain:
            connection.sock = context.wrap_socket(plain, server_hostname=name)
            try:
                connection.request(method, target, body, dict(headers or {}))
                answer = connection.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()
            finally:
                connection.close()
