# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A prober counts answers, and misses nothing that goes wrong."""

from __future__ import annotations

import json
import os
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from bed import authority, private_file, prober, wait


class Handler(BaseHTTPRequestHandler):
    """Answers as a portal does; ``broken`` makes it answer as one whose application is away.

    Without ``lets_go`` it hangs, and says so with ``waiting``.
    """

    broken = False
    lets_go: ClassVar = threading.Event()
    waiting: ClassVar = threading.Event()

    def do_GET(self) -> None:
        """Answer."""
        if not self.lets_go.is_set():
            self.waiting.set()
            self.lets_go.wait()
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
    Handler.lets_go.set()
    Handler.waiting.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def begin(
    server: ThreadingHTTPServer, report: Path, *names: str, enough: int = 4
) -> threading.Thread:
    """Start one, and wait until it has asked often enough."""
    words = ["--address", "127.0.0.1", "--port", str(server.server_port), "--seconds", "30"]
    words += ["--ca", str(report.with_name("ca.pem")), "--report", str(report), *names]
    asking = threading.Thread(target=prober.main, args=(words,))
    asking.start()
    wait.until(
        lambda: report.exists() and counted(report).asked >= enough, what="questions", timeout=20
    )
    return asking


def counted(report: Path) -> prober.Record:
    """What a report says."""
    return prober.Record(**json.loads(report.read_text()))


def probe(server: ThreadingHTTPServer, folder: Path, *names: str) -> prober.Record:
    """What one has counted by the time that it has asked often enough."""
    report = folder / "probes.json"
    asking = begin(server, report, *names)
    report.with_suffix(".stop").touch()
    asking.join()
    return counted(report)


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


def test_an_answer_that_is_owed_belongs_to_it(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    report = tmp_path / "probes.json"
    asking = begin(server, report, "localhost")
    Handler.lets_go.clear()
    Handler.waiting.wait()
    report.with_suffix(".stop").touch()
    asking.join(2)
    assert asking.is_alive()
    before = counted(report)
    assert not before.ended
    Handler.broken = True
    Handler.lets_go.set()
    asking.join()
    after = counted(report)
    assert after.ended
    assert after.failed > before.failed == 0


def test_it_begins_anew(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    report = tmp_path / "probes.json"
    old = prober.Record(failed=3, errors=["of an earlier one"], ended=True)
    report.write_text(old.text())
    report.with_suffix(".stop").touch()
    seen = probe(server, tmp_path, "localhost")
    assert (seen.failed, seen.errors, seen.ended) == (0, [], True)


def test_it_ends_with_its_report(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    report = tmp_path / "probes.json"
    asking = begin(server, report, "localhost")

    def ended() -> bool:
        # It may have been about to write
        report.unlink(missing_ok=True)
        return not asking.is_alive()

    wait.until(ended, what="the end of it", timeout=20)
    assert not report.exists()


def test_it_ends_with_a_report_that_goes_as_it_is_written(
    server: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = private_file.write
    asking = begin(server, tmp_path / "probes.json", "localhost")

    def write_in_vain(file: Path, content: bytes) -> os.stat_result:
        written = write(file, content)
        file.unlink()
        return written

    monkeypatch.setattr(private_file, "write", write_in_vain)
    asking.join(20)
    assert not asking.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nothing_asks_on_where_no_report_can_be_written(
    server: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = begin(server, tmp_path / "probes.json", "localhost")

    def write_never(_file: Path, _content: bytes) -> os.stat_result:
        raise OSError("No space left on device")

    monkeypatch.setattr(private_file, "write", write_never)
    asking.join(20)
    assert not asking.is_alive()


def test_it_ends_with_its_ca(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    asking = begin(server, tmp_path / "probes.json", "localhost")
    (tmp_path / "ca.pem").unlink()
    asking.join(20)
    assert not asking.is_alive()


def test_the_report_is_the_last_one_s(tmp_path: Path) -> None:
    file = tmp_path / "probes.json"
    earlier, last = prober.Report(file), prober.Report(file)
    assert (earlier.awaited(), last.awaited()) == (False, True)
    earlier.write(prober.Record(failed=1))
    assert counted(file).failed == 0
    last.write(prober.Record(failed=2))
    assert counted(file).failed == 2
