# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a visitor from outside sees of a portal."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

from bed import portal
from bed.bed import Bed
from bed.ports import LOOPBACK

TIMEOUT = 20


@dataclass(frozen=True)
class ServedCertificate:
    """A certificate that was verified against the CA and for the hostname."""

    names: tuple[str, ...]
    issuer: str
    not_after: datetime


@dataclass(frozen=True)
class LoginPage:
    """What the login page looks like."""

    primary_color: str
    logo_url: str
    logo: bytes


def certificate(bed: Bed, hostname: str, address: str = LOOPBACK) -> ServedCertificate:
    """The certificate served for a name. Raises ssl.SSLError if it cannot be trusted."""
    context = ssl.create_default_context(cadata=bed.acme.issuer_roots())
    server = (address, bed.nginx.https_port)
    with (
        socket.create_connection(server, timeout=TIMEOUT) as connection,
        context.wrap_socket(connection, server_hostname=hostname) as tls,
    ):
        # Any: the nesting of names is deeper than what the library declares
        served: dict[str, Any] = dict(tls.getpeercert() or {})
    issuer = {key: value for part in served["issuer"] for key, value in part}
    not_after = ssl.cert_time_to_seconds(str(served["notAfter"]))
    return ServedCertificate(
        names=tuple(str(value) for _kind, value in served["subjectAltName"]),
        issuer=str(issuer["commonName"]),
        not_after=datetime.fromtimestamp(not_after, UTC),
    )


def is_refused(bed: Bed, hostname: str) -> bool:
    """Whether a name gets no certificate at all."""
    try:
        certificate(bed, hostname)
    except ssl.SSLError as error:
        return "UNRECOGNIZED_NAME" in (error.reason or "")
    return False


def redirect(bed: Bed, hostname: str) -> str:
    """Where plain HTTP sends a visitor; empty if nowhere."""
    connection = HTTPConnection(LOOPBACK, bed.nginx.http_port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/login", headers={"Host": hostname})
        answer = connection.getresponse()
        location = answer.headers.get("Location", "")
        return location if answer.status == 301 else ""
    finally:
        connection.close()


def login_page(bed: Bed, hostname: str) -> LoginPage:
    """Colour and logo of the login page."""
    site = portal.Portal(hostname, bed.nginx.https_port, bed.issuer_file())
    browser = portal.session(site)
    page = browser.get(f"{site.url}/accounts/login/", timeout=TIMEOUT)
    page.raise_for_status()
    color = re.search(r"background-color:\s*(#[0-9a-fA-F]{6})", page.text)
    image = re.search(r'<img[^>]*src="([^"]+)"', page.text)
    logo_url = image.group(1) if image else ""
    logo = browser.get(f"{site.url}{logo_url}", timeout=TIMEOUT)
    logo.raise_for_status()
    return LoginPage(color.group(1) if color else "", logo_url, logo.content)
