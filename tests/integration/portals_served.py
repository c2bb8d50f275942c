# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A front end with the certificates of two portals, and what it says to a client."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import Outcome
from bed.nginx_releases import NginxRelease
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS
from integration.nginx_releases import front_end_of

NAME = "a.example.com"
OTHER = "b.example.com"
CHALLENGE = "/.well-known/acme-challenge/"
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


@contextmanager
def front_end_with_certificates(release: NginxRelease) -> Iterator[BareFrontEnd]:
    """A running nginx of a release, and the certificates of two names."""
    with front_end_of(release) as running:
        for name in (NAME, OTHER):
            running.issue(name)
        yield running


def apply(front_end: BareFrontEnd, **options: Any) -> Outcome:
    """Serve the portals, with a catch-all."""
    if "vhosts" not in options:
        options = {"vhosts": [{"name": NAME}, {"name": OTHER}], **options}
    outcome = front_end.apply(**{"catch_all": "present", **options})
    assert [item["error"] for item in outcome.results if item["failed"]] == []
    return outcome


def headers_of(front_end: BareFrontEnd, path: str, name: str = NAME, **sent: str) -> Any:
    """Status, all headers as they came, and the body."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPConnection(name, front_end.https_port)
    with socket.create_connection((ADDRESS, front_end.https_port), 5) as plain:
        connection.sock = context.wrap_socket(plain, server_hostname=name)
        try:
            connection.request(
                "GET", path, headers={key.replace("_", "-"): value for key, value in sent.items()}
            )
            response = connection.getresponse()
            headers = [(key.lower(), value) for key, value in response.getheaders()]
            return response.status, headers, response.read()
        finally:
            connection.close()
