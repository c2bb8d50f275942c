# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nginx that does nothing but answer HTTP-01 challenges."""

from __future__ import annotations

from pathlib import Path
from string import Template

from bed import wait
from bed.layout import Layout
from bed.ports import LOOPBACK
from bed.web_server import WebServer

STATELESS_DOMAIN = "stateless.example"
ELSEWHERE_DOMAIN = "elsewhere.example"

SERVERS = Template("""\
  server {
    listen $address:$port default_server;
    server_name _;
    default_type text/plain;
    location / { return 404; }
    location /.well-known/acme-challenge/ { root $webroot; }
  }
  server {
    listen $address:$port;
    server_name *.$stateless;
    default_type text/plain;
    location / { return 404; }
    location ~ "^/.well-known/acme-challenge/([-_a-zA-Z0-9]+)$$" { return 200 "$$1.$thumbprint"; }
  }
  server {
    listen $address:$port;
    server_name *.$elsewhere;
    return 404;
  }
""")

# A client of this proxy connects to an address at port 80, and gets to the same at another port.
PROXY = Template("""\
  server {
    listen $address:$proxy_port;
    location / {
      proxy_pass http://$$host:$port;
      proxy_set_header Host $$http_host;
    }
  }
""")


class ChallengeNginx(WebServer):
    """Serves a webroot for every name but those below two domains.

    Below ``stateless.example`` it answers ``token.thumbprint`` by itself, once it has been told the
    thumbprint. Below ``elsewhere.example`` it finds nothing, as if a name led to another server.
    """

    def __init__(self, layout: Layout, proxy_port: int | None = None) -> None:
        """With a ``proxy_port`` it is also a proxy there: from any port 80 to its own."""
        super().__init__(layout)
        self.webroot: Path = layout.storage / "webroot"
        self._proxy_port = proxy_port
        self._thumbprint = "unknown"

    def ready(self) -> bool:
        """Whether it accepts connections and has said who it is."""
        return wait.listens((LOOPBACK, self.http_port)) and self.pid.exists()

    def answer_stateless(self, thumbprint: str) -> None:
        """Answer for this account below ``stateless.example`` from now on."""
        self._thumbprint = thumbprint
        self.write_configuration()
        self.reload()

    def servers(self) -> str:
        """One block for each way to answer."""
        servers = SERVERS.substitute(
            address=LOOPBACK,
            port=self.http_port,
            webroot=self.webroot,
            stateless=STATELESS_DOMAIN,
            elsewhere=ELSEWHERE_DOMAIN,
            thumbprint=self._thumbprint,
        )
        if self._proxy_port is None:
            return servers
        return servers + PROXY.substitute(
            address=LOOPBACK, proxy_port=self._proxy_port, port=self.http_port
        )
