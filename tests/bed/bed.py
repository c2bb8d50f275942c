# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed as a whole: all parts started, found again, stopped."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from bed import authority, packages, process, state, template, wait
from bed.ansible import Ansible
from bed.command import last_lines
from bed.dns import Dns
from bed.errors import BedError, NotInTimeError
from bed.layout import Database, Layout, Ports
from bed.modoboa import Modoboa
from bed.nginx import Nginx
from bed.pebble import Pebble
from bed.portal import LoginResult
from bed.ports import LOOPBACK
from bed.postgresql import Postgresql
from bed.prefix import Prefix, find
from bed.process import Process, Program
from bed.redis import Redis
from bed.setup import locked
from bed.state import State

PATIENCE = 60
# The lock on the folders of all beds
FOLDERS = "beds"
# Folders of finished test runs that stay for a look at their logs
KEPT = 3


class Bed:
    """A running Modoboa with everything around it, on loopback.

    Use it as a context manager, or call ``start`` and ``stop``. With ``keep`` it goes on when this
    process ends, and another process stops it: ``Bed.attach(instance).stop()``.
    """

    def __init__(
        self, instance: str = "test", *, database: Database = "sqlite", keep: bool = False
    ) -> None:
        self._setup(Layout(find(), instance, database, Ports.choose()))
        self._keep = keep
        self._started: list[Process] = []
        self._state = State(
            database=database,
            ports=self.layout.ports,
            owner=None if keep else process.identify("owner", os.getpid()),
        )

    def _setup(self, layout: Layout, token: str = "") -> None:
        self.layout = layout
        self.instance: str = layout.instance
        self.redis = Redis(layout)
        self.dns = Dns(layout)
        self.acme = Pebble(layout, self.dns.address)
        self.modoboa = Modoboa(layout, token)
        self.nginx = Nginx(layout)
        self.ansible = Ansible(layout)
        self._postgresql = Postgresql(layout, layout.directory)

    @classmethod
    def attach(cls, instance: str) -> Bed:
        """The bed of that name that another process left running.

        Raises BedError if there is none.
        """
        prefix = find()
        found = state.load(prefix.run / instance)
        if found is None:
            raise BedError(f"There is no bed {instance!r}. `python -m bed start` makes one.")
        bed = cls.__new__(cls)
        bed._setup(found.layout(prefix, instance), found.token)
        bed._keep = True
        bed._started = []
        bed._state = found
        return bed

    @property
    def directory(self) -> Path:
        """Everything of this instance."""
        return self.layout.directory

    @property
    def logs(self) -> Path:
        """The logs of its programs."""
        return self.layout.logs

    @property
    def storage(self) -> Path:
        """Certificates and challenges."""
        return self.layout.storage

    @property
    def running(self) -> bool:
        """Whether it has been started completely and all of its programs are running."""
        return self._state.running()

    def start(self) -> Bed:
        """Start everything afresh, after stopping what is left over of this instance.

        Raises BedError, with the end of the log of the program that failed; nothing is left running.
        Also when the instance belongs to another process that is running, which goes on undisturbed.
        """
        with locked(self.layout.prefix, FOLDERS):
            clean_up(self.layout.prefix)
            remove(self.layout.prefix, self.instance)
            # Private: it will have keys, tokens and passwords
            self.directory.mkdir(mode=0o700, parents=True)
            self.layout.logs.mkdir()
            # From here on others see whose it is
            self._save()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop all programs. Logs, certificates and the database stay for a look."""
        self._state.stop(self.directory)
        self._state = dataclasses.replace(self._state, processes=(), complete=False)
        for started in self._started:
            started.reap()
        self._started.clear()

    def __enter__(self) -> Bed:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def issuer_file(self) -> Path:
        """The root of what the ACME CA issues, as a file: what a browser would be told to trust."""
        file = self.layout.tls / "issuer.pem"
        file.write_text(self.acme.issuer_roots())
        return file

    def login(self, hostname: str, username: str, password: str) -> LoginResult:
        """Log in at a tenant's portal, whose certificate is from the ACME CA."""
        return self.modoboa.login(hostname, username, password, self.issuer_file())

    def variables(self) -> dict[str, Any]:
        """The variables of the role ``virtualhosts`` for this bed."""
        nginx, modoboa = self.nginx, self.modoboa
        values: dict[str, Any] = {
            "acme_directory": self.acme.directory_url,
            "acme_ca_path": str(self.acme.ca_path),
            "acme_contact": ["hostmaster@example.com"],
            "acme_terms_agreed": True,
            "storage": str(self.storage),
            "modoboa_url": modoboa.url,
            "modoboa_token": modoboa.token,
            "modoboa_ca_path": str(modoboa.ca_path),
            "nginx_binary": str(nginx.binary),
            "nginx_prefix": str(nginx.prefix),
            "nginx_config": str(nginx.conf),
            "nginx_pid": str(nginx.pid),
            "nginx_reload": "signal",
            "nginx_http_port": nginx.http_port,
            "nginx_https_port": nginx.https_port,
            "nginx_listen_addresses": [LOOPBACK],
            "nginx_sites_available": str(nginx.sites_available),
            "nginx_sites_enabled": str(nginx.sites_enabled),
            "application": f"unix:{self.layout.application_socket}",
            "application_protocol": "http",
            "frontend_root": str(modoboa.directory / "frontend"),
            "static_root": str(modoboa.directory / "sitestatic"),
            "media_root": str(modoboa.directory / "media"),
        }
        return {f"virtualhosts_{name}": value for name, value in values.items()}

    def _start(self) -> None:
        if self.layout.database == "postgresql":
            packages.unpack_services(self.layout.prefix, "postgresql", packages.POSTGRESQL)
        authority.make_tls_files(self.layout.tls)
        self.layout.storage.mkdir()
        self._launch(self.redis.program())
        self._launch(self.dns.program())
        self._launch(self.acme.program())
        self._await("redis", self.redis.ready)
        template.copy(self.layout)
        if self.layout.database == "postgresql":
            self._postgresql.adopt()
            self._launch(self._postgresql.program())
            self._await("postgresql", self._postgresql.ready)
        self._launch(self.modoboa.program())
        self._launch(self.nginx.program())
        # While gunicorn's workers load, which takes as long
        self.modoboa.prepare()
        self._await("nginx", self.nginx.ready)
        self._await("dns", self.dns.ready)
        self._await("pebble", self.acme.ready)
        self._await("modoboa", self.modoboa.ready)
        self._save(complete=True, token=self.modoboa.token)

    def _launch(self, program: Program) -> None:
        started = Process(program, outlives=self._keep)
        self._started.append(started)
        self._save(processes=(*self._state.processes, started.identity))

    def _await(self, name: str, ready: Callable[[], bool]) -> None:
        def probe() -> bool:
            for started in self._started:
                started.check()
            return ready()

        try:
            wait.until(probe, what=f"{name} answers", timeout=PATIENCE)
        except NotInTimeError as error:
            log = self._error_log(name)
            raise BedError(f"{error}\nThe end of its log:\n{log}") from error

    def _error_log(self, name: str) -> str:
        files = sorted(self.logs.glob(f"{name}*.log"))
        return last_lines("\n".join(file.read_text(errors="replace") for file in files))

    def _save(self, **changes: Any) -> None:
        self._state = dataclasses.replace(self._state, **changes)
        self._state.save(self.layout.directory)


def remove(prefix: Prefix, instance: str) -> None:
    """Stop what is left of an instance and remove its folder. Hold the lock on the folders.

    Raises BedError if another process that is running has it for its own use.
    """
    directory = prefix.run / instance
    found = state.load(directory)
    if found is not None:
        owner = found.owner
        if owner is not None and owner.pid != os.getpid() and owner.alive():
            raise BedError(
                f"The bed {instance!r} is in use by process {owner.pid}. Wait for that to end, or"
                " choose another name."
            )
        found.stop(directory)
    shutil.rmtree(directory, ignore_errors=True)


def clean_up(prefix: Prefix) -> None:
    """Stop the beds whose owner was killed before it could do so, and forget the older ones.

    Hold the lock on the folders: what is looked at here, another start may remove.
    """
    prefix.run.mkdir(exist_ok=True)
    left_over = []
    for directory in prefix.run.iterdir():
        found = state.load(directory)
        if found is not None and found.orphaned():
            if found.processes:
                found.stop(directory)
            left_over.append(directory)
    left_over.sort(key=lambda directory: directory.stat().st_mtime)
    for directory in left_over[:-KEPT]:
        shutil.rmtree(directory, ignore_errors=True)
