# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed's front end: it serves Modoboa on the primary hostname and whatever is in sites-enabled."""

from __future__ import annotations

from pathlib import Path
from string import Template

from bed import wait
from bed.layout import Layout
from bed.ports import LOOPBACK
from bed.web_server import WebServer

PRIMARY_HOSTNAME = "localhost"

# Blocks of tenants are written by nginx_vhost. As on many a host, nobody has thought of names without
# a block: they get the first one, until the role writes its catch-all.
SERVERS = Template("""\
  server {
    listen $address:$http_port;
    server_name $primary;
    return 301 https://$primary:$https_port$$request_uri;
  }
  server {
    listen $address:$https_port ssl http2;
    server_name $primary;
    ssl_certificate $tls/server.pem;
    ssl_certificate_key $tls/server.key;
    client_max_body_size 10M;
    root $modoboa/frontend;
    location / {
      try_files $$uri /index.html;
    }
    location /sitestatic/ {
      alias $modoboa/sitestatic/;
    }
    location /media/ {
      alias $modoboa/media/;
    }
    location ~ ^/(api|accounts|reset|autodiscover|jsi18n)(/|$$) {
      proxy_pass http://unix:$application;
      proxy_set_header Host $$http_host;
      # Not what a client claims: the application tells clients apart by it
      proxy_set_header X-Forwarded-For $$remote_addr;
      proxy_set_header X-Forwarded-Proto $$scheme;
      proxy_read_timeout 120;
    }
  }
  include $enabled/*;
""")


class Nginx(WebServer):
    """The front end, with Debian's pair of directories for the tenants' blocks."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.sites_available: Path = self.prefix / "sites-available"
        self.sites_enabled: Path = self.prefix / "sites-enabled"
        self.https_port: int = layout.ports.https

    def ready(self) -> bool:
        """Whether it accepts connections and has said who it is."""
        return wait.listens((LOOPBACK, self.https_port)) and self.pid.exists()

    def write_configuration(self) -> None:
        """Write the main configuration file; the tenants' blocks stay as they are."""
        for folder in (self.sites_available, self.sites_enabled):
            folder.mkdir(parents=True, exist_ok=True)
        super().write_configuration()

    def servers(self) -> str:
        """Modoboa on the primary hostname, then the tenants' blocks."""
        return SERVERS.substitute(
            address=LOOPBACK,
            http_port=self.http_port,
            https_port=self.https_port,
            primary=PRIMARY_HOSTNAME,
            tls=self._layout.tls,
            modoboa=self._layout.modoboa,
            application=self._layout.application_socket,
            enabled=self.sites_enabled,
        )
