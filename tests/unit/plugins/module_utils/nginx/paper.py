# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nginx of paper, which shows the faults that it is told to, and an audience for it."""

from __future__ import annotations

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.layout import Layout
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.listening import (
    claimed_sockets,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.process import TestResult
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.transaction import Transaction


class Paper:
    """Accepts configurations by what is in the files."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.running = True
        self.names_files = True
        self.main_is_broken = False
        self.bad_certificate: str | None = None
        self.reads = True
        self.refuses_reload = 0
        self.tests = 0
        self.loaded: dict[str, str] = {}
        self.reloads = 0
        self.main_config = "/etc/nginx/nginx.conf"

    def on_disk(self) -> dict[str, str]:
        assert self.layout.enabled is not None
        return {
            str(path): path.read_text()
            for path in sorted(self.layout.enabled.iterdir())
            if not path.name.startswith(".")
        }

    def insist_on_running(self) -> None:
        if not self.running:
            raise NginxError("nginx is not running")

    def test(self) -> TestResult:
        self.tests += 1
        if self.main_is_broken:
            return TestResult(False, "unknown directive in /etc/nginx/nginx.conf:1")
        if self.bad_certificate is not None:
            key = f"/storage/certs/{self.bad_certificate}/privkey.pem"
            return TestResult(False, f'cannot load certificate key "{key}": key values mismatch')
        files = self.on_disk()
        for path, content in files.items():
            if "broken" in content:
                return TestResult(
                    False, f"bad in {path}:2" if self.names_files else "bad somewhere"
                )
        claimed_by: dict[object, str] = {}
        for path, content in files.items():
            for socket in claimed_sockets(content):
                if socket in claimed_by:
                    return TestResult(False, f"a duplicate default server for {socket} in {path}:2")
                claimed_by[socket] = path
        together = [path for path, content in files.items() if "not with another" in content]
        if len(together) > 1:
            return TestResult(False, "two of a kind")
        claimed = [line for content in files.values() for line in content.splitlines()]
        conflicts = {
            line.split()[1] for line in claimed if claimed.count(line) > 1 and "claim" in line
        }
        return TestResult(True, "", frozenset(conflicts), files if self.reads else {})

    def reload(self, _timeout: float) -> None:
        self.insist_on_running()
        if self.refuses_reload:
            self.refuses_reload -= 1
            raise NginxError("nginx started no new workers")
        self.reloads += 1
        self.loaded = self.on_disk()


class Audience:
    """Says which hosts are not served as they should be."""

    def __init__(self, *unserved: str) -> None:
        self.unserved = unserved
        self.asked: list[str] = []

    def failures(self, steps: list[Step]) -> dict[str, str]:
        self.asked += [step.name for step in steps]
        return {
            name: "not served" for name in self.unserved if name in {step.name for step in steps}
        }


def transaction(nginx: Paper, audience: Audience | None = None) -> Transaction:
    """A transaction with stand-ins."""
    return Transaction(nginx.layout, nginx, audience, 1)  # type: ignore[arg-type] # stand-ins


def files_of(layout: Layout) -> dict[str, bytes | str]:
    """All that is in the directories."""
    return {
        str(path): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for folder in layout.directories
        for path in folder.iterdir()
    }
