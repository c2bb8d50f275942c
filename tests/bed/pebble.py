# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pebble, Let's Encrypt's small ACME server for tests, from several releases of Debian."""

from __future__ import annotations

import gzip
import json
import re
from datetime import datetime
from pathlib import Path

import requests

from bed import http, packages
from bed.acme_server import AcmeServer, CaOptions, Feature
from bed.layout import Layout
from bed.packages import Service
from bed.ports import LOOPBACK
from bed.process import Program
from bed.setup import unpack_on_demand

TIMEOUT = 10

# What each version was the first to have, of those that Debian has
FEATURES = {
    (2, 4): {
        Feature.EXTERNAL_ACCOUNTS,
        Feature.ALTERNATE_CHAINS,
        Feature.CHAIN_LENGTH,
        Feature.NONCE_REJECTION,
        Feature.BLOCKED_NAMES,
        Feature.SHORT_LIFETIMES,
        Feature.SLEEP,
    },
    (2, 6): {Feature.RENEWAL_INFORMATION},
    (2, 10): {
        Feature.PROFILES,
        Feature.PROFILE_LIFETIMES,
        Feature.SETTABLE_RENEWAL_INFORMATION,
    },
}


class Pebble(AcmeServer):
    """The Pebble of this machine's release: an ACME CA that forgets everything when it ends."""

    name = "pebble"
    binary = "pebble"
    service: Service = packages.SERVICES

    def __init__(self, layout: Layout, dns_address: str, options: CaOptions | None = None) -> None:
        super().__init__(layout, dns_address, options or CaOptions())

    def _install(self) -> None:
        if self.service is not packages.SERVICES:
            unpack_on_demand(self._layout.prefix, self.binary, self.service)

    @property
    def version(self) -> str:
        """Its version. The program itself does not know."""
        documentation = self.service.root(self._layout.prefix) / "usr/share/doc/pebble"
        with gzip.open(documentation / "changelog.Debian.gz", "rt", encoding="utf-8") as changes:
            found = re.match(r"pebble \(([0-9.]+)", changes.readline())
        assert found is not None
        return found[1]

    @property
    def features(self) -> frozenset[Feature]:
        """What it can do."""
        version = tuple(map(int, self.version.split(".")))
        return frozenset(
            feature
            for first, features in FEATURES.items()
            if first <= version
            for feature in features
        )

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

    def alternate_root(self, number: int) -> str:
        """The root certificate (PEM) of an alternate chain, counted from 1."""
        return self._management(f"roots/{number}")

    def issuer_intermediates(self) -> str:
        """The intermediate certificate (PEM)."""
        return self._management("intermediates/0")

    def revoked(self, serial: str) -> bool:
        """Whether the certificate with a serial number (hexadecimal) has been revoked."""
        status = json.loads(self._management(f"cert-status-by-serial/{serial}"))["Status"]
        return bool(status == "Revoked")

    def set_renewal_window(self, certificate: str, start: datetime, end: datetime) -> None:
        """From now on suggest to renew a certificate (PEM, the leaf alone) between two moments.

        Both have a time zone. Takes the feature SETTABLE_RENEWAL_INFORMATION.
        """
        window = {"start": start.isoformat(), "end": end.isoformat()}
        self.set_renewal_information(certificate, json.dumps({"suggestedWindow": window}))

    def set_renewal_information(self, certificate: str, answer: str) -> None:
        """From now on answer this, right or wrong, to who asks when to renew a certificate (PEM).

        Takes the feature SETTABLE_RENEWAL_INFORMATION.
        """
        with http.session(self.ca_path) as session:
            url = f"{self._management_url}/set-renewal-info/"
            body = {"Certificate": certificate, "ARIResponse": answer}
            session.post(url, json=body, timeout=TIMEOUT).raise_for_status()

    def program(self) -> Program:
        """Write its configuration; how to start it."""
        layout, options = self._layout, self._options
        configuration = layout.directory / "pebble.json"
        configuration.write_text(json.dumps({"pebble": self._configuration()}, indent=2))
        return Program(
            name=self.name,
            command=[
                *(layout.prefix.bin / self.binary, "-strict", "-config", configuration),
                *("-dnsserver", self._dns_address),
            ],
            directory=layout.directory,
            log=layout.logs / "pebble.log",
            environment={
                "PATH": "/usr/bin:/bin",
                **self._patience(),
                "PEBBLE_WFE_NONCEREJECT": str(options.nonce_rejection),
                "PEBBLE_AUTHZREUSE": str(options.authorization_reuse),
                "PEBBLE_ALTERNATE_ROOTS": str(options.alternate_roots),
                "PEBBLE_CHAIN_LENGTH": str(options.chain_length),
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

    def _patience(self) -> dict[str, str]:
        # Figures and tests are about the clients: it does not wait unless it is told to
        if self._options.longest_sleep:
            return {"PEBBLE_VA_SLEEPTIME": str(self._options.longest_sleep)}
        return {"PEBBLE_VA_NOSLEEP": "1"}

    def _configuration(self) -> dict[str, object]:
        ports, tls, options = self._layout.ports, self._layout.tls, self._options
        profiles = options.profiles or {"default": options.lifetime}
        return {
            "listenAddress": f"{LOOPBACK}:{ports.acme}",
            "managementListenAddress": f"{LOOPBACK}:{ports.acme_management}",
            "certificate": str(tls / "server.pem"),
            "privateKey": str(tls / "server.key"),
            "httpPort": ports.http,
            "tlsPort": ports.https,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": bool(options.external_accounts),
            "externalAccountMACKeys": dict(options.external_accounts),
            "domainBlocklist": list(options.blocked_names),
            # Older ones read the first and know nothing of the second, newer ones the reverse
            "certificateValidityPeriod": options.lifetime,
            "profiles": {
                name: {"description": f"{lifetime} seconds", "validityPeriod": lifetime}
                for name, lifetime in profiles.items()
            },
        }

    @property
    def _management_url(self) -> str:
        return f"https://{LOOPBACK}:{self._layout.ports.acme_management}"

    def _management(self, path: str) -> str:
        return self._get(f"{self._management_url}/{path}")

    def _get(self, url: str) -> str:
        with http.session(self.ca_path) as session:
            answer = session.get(url, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.text


class PebbleTrixie(Pebble):
    """The Pebble of Debian 13: the first with renewal information."""

    binary = "pebble-trixie"
    service = packages.PEBBLE_TRIXIE


class PebbleSid(Pebble):
    """The newest Pebble that Debian has when it is first used: at least 2.10, with profiles."""

    binary = "pebble-sid"
    service = packages.PEBBLE_SID
