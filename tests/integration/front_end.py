# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nginx of a test's own, with certificates of its own making."""

from __future__ import annotations

import datetime
import http.client
import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import arguments
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.build import Build
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.rendering import (
    Rendering,
    pack,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome, run
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    settings,
    virtual_hosts,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.server_block import (
    catch_all_blocks,
    server_blocks,
)
from bed import private_file, wait
from bed.ports import free_ports
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from unit.plugins.module_utils.nginx.commands import run_command

ADDRESS = "127.0.0.1"
THUMBPRINT = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF-"

_CONFIGURATION = Template("""\
$user
worker_processes 2;
daemon off;
pid $directory/nginx.pid;
error_log $directory/error.log;
events { worker_connections 256; }
http {
  types { text/html html; application/javascript js; application/json json; }
  default_type application/octet-stream;
  access_log off;
  client_body_temp_path $directory/temporary;
  proxy_temp_path $directory/temporary;
  fastcgi_temp_path $directory/temporary;
  uwsgi_temp_path $directory/temporary;
  scgi_temp_path $directory/temporary;
  server { listen $address:$http_port default_server; server_name _; return 404; }
  server {
    listen $address:$https_port ssl default_server;
    server_name _;
    ssl_reject_handshake on;
  }
  # Stands for Modoboa: says what it was told
  server {
    listen unix:$directory/application.sock;
    default_type text/plain;
    return 200 "$$http_host $$http_x_forwarded_proto $$http_x_forwarded_host $$request_uri";
  }
  include $directory/sites-enabled/*;
}
""")


class FrontEnd:
    """A directory with everything, and the process that serves from it."""

    def __init__(self, directory: Path, binary: Path) -> None:
        self.directory = directory
        self.available = directory / "sites-available"
        self.enabled = directory / "sites-enabled"
        self.storage = directory / "storage"
        self.config = directory / "nginx.conf"
        self.binary = binary
        self.http_port, self.https_port = free_ports(2)
        self.process: subprocess.Popen[bytes] | None = None
        for folder in ("temporary", "sites-available", "sites-enabled", "storage", "static"):
            (directory / folder).mkdir()
        for folder in ("media", "frontend/assets", "storage/webroot/.well-known/acme-challenge"):
            (directory / folder).mkdir(parents=True)
        (directory / "frontend" / "index.html").write_text("the frontend")
        (directory / "frontend" / "config.json").write_text("{}")
        (directory / "frontend" / "assets" / "a-1234.js").write_text("1")
        (directory / "static" / "logo.svg").write_text("a logo")
        (directory / "media" / "picture").write_text("a picture")
        self.write_config()

    def write_config(self, **changes: Any) -> None:
        """Write nginx's main configuration file."""
        values: dict[str, Any] = {
            "user": "user root;" if os.geteuid() == 0 else "",
            "directory": self.directory,
            "address": ADDRESS,
            "http_port": self.http_port,
            "https_port": self.https_port,
        }
        self.config.write_text(_CONFIGURATION.substitute({**values, **changes}))

    @property
    def build(self) -> Build:
        """What the program can do."""
        return _build(self.binary)

    # The process

    def launch(self) -> None:
        """Start nginx."""
        self.process = subprocess.Popen(
            [
                *(self.binary, "-p", self.directory, "-c", self.config),
                *("-e", self.directory / "error.log"),
            ],
            stdin=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Start nginx and wait until it listens."""
        self.launch()
        pid = self.directory / "nginx.pid"
        wait.until(
            lambda: wait.listens((ADDRESS, self.https_port)) and pid.exists(),
            what="nginx listens",
            timeout=10,
        )

    def stop(self) -> None:
        """Stop nginx, if it is running."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    # Certificates

    def issue(self, name: str) -> str:
        """Put a new certificate in place. Returns its serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=90))
            .sign(key, hashes.SHA256())
        )
        directory = self.storage / "certs" / name
        directory.mkdir(parents=True, exist_ok=True)
        pem = serialization.Encoding.PEM
        private = key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        # Other files, as a client of ACME makes: nginx 1.27.4 and newer take one with the same inode
        # and the same second for unchanged when they reload (ssl_object_cache_inheritable)
        private_file.write(directory / "fullchain.pem", certificate.public_bytes(pem))
        private_file.write(directory / "privkey.pem", private)
        return f"{certificate.serial_number:x}"

    # The module

    def options(self, **changes: Any) -> dict[str, Any]:
        """The options of nginx_vhost for this front end."""
        values: dict[str, Any] = {
            "storage": str(self.storage),
            "application": f"unix:{self.directory}/application.sock",
            "frontend_root": str(self.directory / "frontend"),
            "static_root": str(self.directory / "static"),
            "media_root": str(self.directory / "media"),
            "http_port": self.http_port,
            "https_port": self.https_port,
            "listen_addresses": [ADDRESS],
            "sites_available": str(self.available),
            "sites_enabled": str(self.enabled),
            "nginx": str(self.binary),
            "prefix": str(self.directory),
            "config": str(self.config),
            "pid": str(self.directory / "nginx.pid"),
            "reload": "signal",
            "timeout": 3,
        }
        return {**values, **changes}

    def apply(self, check: bool = False, edit: Any = None, **changes: Any) -> Outcome:
        """What a task does, in this process: much quicker than Ansible.

        ``edit`` may change the rendered blocks on their way to the host.
        """
        validated = ArgumentSpecValidator(arguments.argument_spec()).validate(
            json.loads(json.dumps(self.options(**changes)))
        )
        assert not validated.error_messages, validated.error_messages
        params = validated.validated_parameters
        common, build, own = settings(params, check), self.build, params["templates"]
        hosts = {
            host.name: server_blocks(host, common, build, own) for host in virtual_hosts(params)
        }
        if edit is not None:
            edit(hosts)
        rendering = Rendering(hosts, catch_all_blocks(common, build, own))
        return run({**params, "rendered": pack(rendering)}, check, run_command)

    def snapshot(self) -> dict[str, bytes | str]:
        """All files and links in the directories of server blocks."""
        return {
            str(path): str(path.readlink()) if path.is_symlink() else path.read_bytes()
            for folder in (self.available, self.enabled)
            for path in sorted(folder.iterdir())
        }

    # From outside

    def get(
        self, name: str, path: str, tls: bool = False, host: str | None = None
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of a request. ``host`` is a Host header other than ``name``."""
        if tls:
            connection: http.client.HTTPConnection = _Tls(name, self.https_port)
        else:
            connection = http.client.HTTPConnection(ADDRESS, self.http_port, timeout=5)
        with _closing(connection):
            connection.request("GET", path, headers={"Host": host or name})
            response = connection.getresponse()
            headers = {key.lower(): value for key, value in response.getheaders()}
            return response.status, headers, response.read().decode()

    def serial(self, name: str) -> str:
        """The serial number of the certificate that is served for a name."""
        connection = _Tls(name, self.https_port)
        with _closing(connection):
            connection.connect()
            der = connection.tls.getpeercert(True)
        assert der is not None
        return f"{x509.load_der_x509_certificate(der).serial_number:x}"


class _Tls(http.client.HTTPSConnection):
    """To the front end, asking for a name; whoever's certificate it is."""

    def __init__(self, name: str, port: int) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        super().__init__(name, port, context=context, timeout=5)
        self._context_for_all = context

    def connect(self) -> None:
        connection = socket.create_connection((ADDRESS, self.port), 5)
        self.sock = self.tls = self._context_for_all.wrap_socket(
            connection, server_hostname=self.host
        )


@contextmanager
def _closing(connection: http.client.HTTPConnection) -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()


@lru_cache
def _build(binary: Path) -> Build:
    said = subprocess.run([binary, "-V"], check=True, capture_output=True, text=True)
    return Build.of(said.stderr)
