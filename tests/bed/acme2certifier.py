# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme2certifier, an ACME server that shares no code with Pebble, from PyPI."""

from __future__ import annotations

import json
import re
from configparser import RawConfigParser
from pathlib import Path

import requests
from cryptography import x509

from bed import authority, environments, http
from bed.acme_server import DAY, AcmeServer, Feature
from bed.ports import LOOPBACK
from bed.process import Program
from bed.setup import locked

TIMEOUT = 10

# It can be told what address to ask for names, but not what port. Read by gunicorn at its start.
GUNICORN = """\
import dns.resolver

reset = dns.resolver.BaseResolver.reset


def reset_to_bed(resolver):
    reset(resolver)
    resolver.port = {port}


dns.resolver.BaseResolver.reset = reset_to_bed
"""


class Acme2certifier(AcmeServer):
    """acme2certifier in gunicorn, issuing by itself with an intermediate certificate.

    It looks at HTTP-01 on port 80, and cannot be told another. So it goes through a proxy, the
    bed's nginx, which takes the bed's port of the same address instead. That needs no privilege, and
    nothing that listens on port 80 is in the way. After a restart it knows accounts and orders.
    """

    name = "acme2certifier"

    @property
    def proxy_port(self) -> int:
        """Where it needs a proxy; the port that for Pebble is the one of its management."""
        return self._layout.ports.acme_management

    @property
    def _directory(self) -> Path:
        return self._layout.directory / "acme2certifier"

    def _install(self) -> None:
        with locked(self._layout.prefix, "setup"):
            environments.install_acme2certifier(self._layout.prefix)

    @property
    def version(self) -> str:
        """Its version."""
        library = self._layout.prefix.path / "venv" / self.name / "lib"
        found = next(library.glob("python3*/site-packages/acme2certifier-*.dist-info"))
        return re.sub(r"acme2certifier-(.*)\.dist-info", r"\1", found.name)

    @property
    def features(self) -> frozenset[Feature]:
        """What it can do."""
        return frozenset(
            {
                Feature.EXTERNAL_ACCOUNTS,
                Feature.MEMORY,
                Feature.PROFILES,
                Feature.RENEWAL_INFORMATION,
            }
        )

    @property
    def directory_url(self) -> str:
        """The ACME directory."""
        return f"https://{LOOPBACK}:{self._layout.ports.acme}/directory"

    @property
    def ca_path(self) -> Path:
        """The CA of the API's own TLS certificate: not that of the certificates it issues."""
        return self._layout.tls / "ca.pem"

    def issuer_roots(self) -> str:
        """The root certificate (PEM) of what it issues; the same after a restart."""
        return (self._directory / "root.pem").read_text()

    def revoked(self, serial: str) -> bool:
        """Whether the certificate with a serial number (hexadecimal) has been revoked."""
        file = self._directory / "crl.pem"
        if not file.exists():
            return False
        revoked = x509.load_pem_x509_crl(file.read_bytes())
        return revoked.get_revoked_certificate_by_serial_number(int(serial, 16)) is not None

    def program(self) -> Program:
        """Write its configuration; how to start it."""
        layout, directory = self._layout, self._directory
        if not directory.exists():
            authority.make_issuer(directory)
            (directory / "issued").mkdir()
        _write(directory / "acme_srv.cfg", self._configuration())
        (directory / "accounts.json").write_text(json.dumps(dict(self._options.external_accounts)))
        port = self._dns_address.rpartition(":")[2]
        (directory / "gunicorn.conf.py").write_text(GUNICORN.format(port=port))
        return Program(
            name=self.name,
            command=[
                *(layout.prefix.python(self.name), "-m", "gunicorn"),
                "acme2certifier.share.acme2certifier_wsgi:application",
                *("--config", directory / "gunicorn.conf.py", "--no-control-socket"),
                *("--bind", f"{LOOPBACK}:{layout.ports.acme}", "--workers", "2", "--threads", "4"),
                *("--certfile", layout.tls / "server.pem", "--keyfile", layout.tls / "server.key"),
            ],
            directory=directory,
            log=layout.logs / f"{self.name}.log",
            environment={
                "PATH": "/usr/bin:/bin",
                "HOME": str(directory),
                "LANG": "C.UTF-8",
                "PYTHONDONTWRITEBYTECODE": "1",
                # What its configuration says about proxies, 0.46 reads but does not use
                "http_proxy": f"http://{LOOPBACK}:{self.proxy_port}",
                "ACME_SRV_CONFIGFILE": str(directory / "acme_srv.cfg"),
            },
        )

    def ready(self) -> bool:
        """Whether its API answers."""
        try:
            with http.session(self.ca_path) as session:
                answer = session.get(self.directory_url, timeout=TIMEOUT)
        except requests.RequestException:
            return False
        return answer.ok

    def _configuration(self) -> dict[str, dict[str, object]]:
        directory, options = self._directory, self._options
        handlers = "acme2certifier.{}handlers"
        # If there were but one, it would be taken for any that an order names
        profiles = options.profiles or ("default", "other")
        return {
            "DEFAULT": {
                "debug": False,
                "server_name": f"{LOOPBACK}:{self._layout.ports.acme}",
                "dns_server_list": json.dumps([self._dns_address.rpartition(":")[0]]),
            },
            "DBhandler": {
                "handler_module": handlers.format("db") + ".wsgi_handler",
                "dbfile": directory / "acme_srv.db",
            },
            "CAhandler": {
                "handler_module": handlers.format("ca") + ".openssl_ca_handler",
                "issuing_ca_key": directory / "issuer.key",
                "issuing_ca_cert": directory / "issuer.pem",
                "issuing_ca_crl": directory / "crl.pem",
                "cert_save_path": directory / "issued",
                "cert_validity_days": options.lifetime // DAY,
            },
            # Else an account needs a mail address
            "Account": {"contact_check_disable": True},
            "Order": {"profiles": json.dumps(dict.fromkeys(profiles, self.directory_url))},
            "Directory": {"tos_url": "https://terms.example/"},
            **self._external_accounts(),
        }

    def _external_accounts(self) -> dict[str, dict[str, object]]:
        if not self._options.external_accounts:
            return {}
        return {
            "EABhandler": {
                "eab_handler_module": "acme2certifier.eabhandlers.json_handler",
                "key_file": self._directory / "accounts.json",
            }
        }


def _write(file: Path, configuration: dict[str, dict[str, object]]) -> None:
    parser = RawConfigParser()
    parser.read_dict(configuration)
    with file.open("w") as output:
        parser.write(output)
