# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A prober counts answers, and misses nothing that goes wrong."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bed import authority, prober, wait


class Handler(BaseHTTPRequestHandler):
    """Answers as a portal does; ``broken`` makes it answer as one whose application is away."""

    broken = False

    def do_GET(self) -> None:
        """Answer."""
        status = prober.PATHS[self.path]
        self.send_response(502 if self.broken and status != 200 else status)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    authority.make_tls_files(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    Handler.broken = False
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def probe(server: ThreadingHTTPServer, folder: Path, *names: str, enough: int = 4) -> prober.Record:
    """What it has counted by the time that it has asked often enough."""
    report = folder / "probes.json"
    words = ["--address", "127.0.0.1", "--port", str(server.server_port), "--seconds", "30"]
    words += ["--ca", str(folder / "ca.pem"), "--report", str(report), *names]
    asking = threading.Thread(target=prober.main, args=(words,))
    asking.start()

    def asked() -> bool:
        return report.exists() and json.loads(report.read_text())["asked"] >= enough

    wait.until(asked, what="questions", timeout=20)
    report.with_suffix(".stop").touch()
    asking.join()
    return prober.Record(**json.loads(report.read_text()))


def test_answers_are_counted(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    counted = probe(server, tmp_path, "localhost")
    assert counted.asked >= 4
    assert (counted.failed, counted.errors) == (0, [])
    assert len(counted.serials["localhost"]) == 1


def test_an_application_that_is_away_is_noticed(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    Handler.broken = True
    counted = probe(server, tmp_path, "localhost")
    assert counted.failed >= counted.asked // 2 > 0
    assert "/api/v2/domains/ is answered with 502" in counted.errors[0]


def test_the_certificate_of_somebody_else_is_noticed(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    counted = probe(server, tmp_path, "mail.example.com")
    assert counted.failed == counted.asked
    assert "SSLCertVerificationError" in counted.errors[0]
