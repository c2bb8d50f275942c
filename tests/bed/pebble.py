# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pebble, Let's Encrypt's small ACME server for tests, from Debian."""

from __future__ import annotations

import json
from pathlib import Path

import requests

from bed import http
from bed.layout import Layout
from bed.ports import LOOPBACK
from bed.process import Program

TIMEOUT = 10
# Seconds: 90 days, as public CAs issue; Pebble's own default is five years
LIFETIME = 90 * 24 * 3600


class Pebble:
    """An ACME CA that looks at HTTP-01 challenges on the bed's nginx, without waiting."""

    def __init__(self, layout: Layout, dns_address: str) -> None:
        self._layout = layout
        self._dns_address = dns_address

    @property
    def directory_url(self) -> str:
        """The ACME directory."""
        return f"https://{LOOPBACK}:{self._layout.ports.acme}/dir"

    @property
    def ca_path(self) -> Path:
        """The CA of the API's own TLS certificate: not that of the certificates it issues."""
        return self._layout.tls / "ca.pem"

    def issuer_roots(self) -> str:
        """The root certificate (PEM) of what it issues; a new one after each start."""
        return self._management("roots/0")

    def issuer_intermediates(self) -> str:
        """The intermediate certificate (PEM)."""
        return self._management("intermediates/0")

    def program(self) -> Program:
        """Write its configuration; how to start it."""
        layout = self._layout
        configuration = layout.directory / "pebble.json"
        configuration.write_text(json.dumps({"pebble": self._configuration()}, indent=2))
        return Program(
            name="pebble",
            command=[
                *(layout.prefix.bin / "pebble", "-strict", "-config", configuration),
                *("-dnsserver", self._dns_address),
            ],
            directory=layout.directory,
            log=layout.logs / "pebble.log",
            environment={
                "PATH": "/usr/bin:/bin",
                # Figures and tests are about the clients: it neither waits nor rejects nonces.
                "PEBBLE_VA_NOSLEEP": "1",
                "PEBBLE_WFE_NONCEREJECT": "0",
            },
        )

    def ready(self) -> bool:
        """Whether its API answers."""
        try:
            self._get(self.directory_url)
            self.issuer_roots()
        except requests.RequestException:
            return False
        return True

    def _configuration(self) -> dict[str, object]:
        ports, tls = self._layout.ports, self._layout.tls
        return {
            "listenAddress": f"{LOOPBACK}:{ports.acme}",
            "managementListenAddress": f"{LOOPBACK}:{ports.acme_management}",
            "certificate": str(tls / "server.pem"),
            "privateKey": str(tls / "server.key"),
            "httpPort": ports.http,
            "tlsPort": ports.https,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "certificateValidityPeriod": LIFETIME,
        }

    def _management(self, path: str) -> str:
        return self._get(f"https://{LOOPBACK}:{self._layout.ports.acme_management}/{path}")

    def _get(self, url: str) -> str:
        with http.session(self.ca_path) as session:
            answer = session.get(url, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.text
