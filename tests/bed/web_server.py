# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's nginx, whatever it serves."""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from pathlib import Path
from string import Template

from bed import wait
from bed.layout import Layout
from bed.process import Program

PATIENCE = 10

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

$servers}
""")


class WebServer(ABC):
    """An nginx with a prefix of its own."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.prefix: Path = layout.directory / "nginx"
        self.binary: Path = layout.prefix.bin / "nginx"
        self.conf: Path = self.prefix / "nginx.conf"
        self.pid: Path = self.prefix / "nginx.pid"
        self.http_port: int = layout.ports.http

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

    @abstractmethod
    def servers(self) -> str:
        """The server blocks of its configuration, each line with its end."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it accepts connections and has said who it is."""

    def write_configuration(self) -> None:
        """Write the main configuration file."""
        (self.prefix / "temporary").mkdir(parents=True, exist_ok=True)
        self.conf.write_text(
            CONFIGURATION.substitute(
                # Workers of a master that runs as root would become `nobody`, who cannot look into
                # a checkout in root's home.
                user="user root;" if os.geteuid() == 0 else "",
                pid=self.pid,
                logs=self._layout.logs,
                temporary=self.prefix / "temporary",
                mime_types=self._layout.prefix.debian / "etc" / "nginx" / "mime.types",
                servers=self.servers(),
            )
        )

    def reload(self) -> None:
        """Let it read its configuration again; returns when no old worker can answer any more.

        :raises NotInTimeError: the configuration was refused; the log says why.
        """
        master = int(self.pid.read_text())
        before = _workers(master)
        os.kill(master, signal.SIGHUP)
        wait.until(
            lambda: not before & _workers(master),
            what=f"nginx takes its new configuration (see {self._layout.logs / 'nginx-error.log'})",
            timeout=PATIENCE,
        )


def _workers(master: int) -> set[str]:
    return set(Path(f"/proc/{master}/task/{master}/children").read_text().split())
