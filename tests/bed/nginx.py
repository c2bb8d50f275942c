# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's nginx: it serves Modoboa on the primary hostname and whatever is in sites-enabled."""

from __future__ import annotations

import os
from pathlib import Path
from string import Template

from bed import wait
from bed.layout import Layout
from bed.ports import LOOPBACK
from bed.process import Program

PRIMARY_HOSTNAME = "localhost"

# Blocks of tenants are written by nginx_vhost. A name without a block gets no certificate shown.
CONFIGURATION = Template("""\
$user
worker_processes 2;
daemon off;
pid $pid;
error_log $logs/nginx-error.log;
events {
  worker_connections 1024;
}
http {
  include $mime_types;
  default_type application/octet-stream;
  access_log $logs/nginx-access.log;
  client_body_temp_path $temporary/body;
  proxy_temp_path $temporary/proxy;
  fastcgi_temp_path $temporary/fastcgi;
  uwsgi_temp_path $temporary/uwsgi;
  scgi_temp_path $temporary/scgi;
  server_names_hash_bucket_size 128;
  server_names_hash_max_size 8192;

  server {
    listen $address:$http_port default_server;
    server_name _;
    return 404;
  }
  server {
    listen $address:$https_port ssl default_server;
    server_name _;
    ssl_reject_handshake on;
  }
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
      proxy_set_header X-Forwarded-For $$proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $$scheme;
      proxy_read_timeout 120;
    }
  }
  include $enabled/*;
}
""")


class Nginx:
    """The front end, with Debian's pair of directories for the tenants' blocks."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.prefix: Path = layout.directory / "nginx"
        self.binary: Path = layout.prefix.bin / "nginx"
        self.conf: Path = self.prefix / "nginx.conf"
        self.pid: Path = self.prefix / "nginx.pid"
        self.sites_available: Path = self.prefix / "sites-available"
        self.sites_enabled: Path = self.prefix / "sites-enabled"
        self.http_port: int = layout.ports.http
        self.https_port: int = layout.ports.https

    def program(self) -> Program:
        """Write its configuration; how to start it."""
        self.write_configuration()
        return Program(
            name="nginx",
            command=[
                *(self.binary, "-p", self.prefix, "-c", self.conf),
                *("-e", self._layout.logs / "nginx-error.log"),
            ],
            directory=self._layout.directory,
            log=self._layout.logs / "nginx.log",
            environment={"PATH": "/usr/bin:/bin"},
        )

    def ready(self) -> bool:
        """Whether it accepts connections and has said who it is."""
        return wait.listens((LOOPBACK, self.https_port)) and self.pid.exists()

    def write_configuration(self) -> None:
        """Write the main configuration file; the tenants' blocks stay as they are."""
        for folder in (self.sites_available, self.sites_enabled, self.prefix / "temporary"):
            folder.mkdir(parents=True, exist_ok=True)
        self.conf.write_text(
            CONFIGURATION.substitute(
                # Workers of a master that runs as root would become `nobody`, who cannot look into
                # a checkout in root's home.
                user="user root;" if os.geteuid() == 0 else "",
                pid=self.pid,
                logs=self._layout.logs,
                temporary=self.prefix / "temporary",
                mime_types=self._layout.prefix.debian / "etc" / "nginx" / "mime.types",
                address=LOOPBACK,
                http_port=self.http_port,
                https_port=self.https_port,
                primary=PRIMARY_HOSTNAME,
                tls=self._layout.tls,
                modoboa=self._layout.modoboa,
                application=self._layout.application_socket,
                enabled=self.sites_enabled,
            )
        )
