# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modoboa 2.12 in gunicorn, with the extension of this checkout."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bed import http, portal, template, wait
from bed.command import run
from bed.errors import BedError
from bed.layout import Layout
from bed.nginx import PRIMARY_HOSTNAME
from bed.portal import LoginResult
from bed.process import Program

ADMIN = "admin"
ADMIN_PASSWORD = "password"  # what deploy gives the first administrator
WORKERS = 2
TIMEOUT = 60
# How often a throttled request is tried again
TRIES = 20

# Run inside Modoboa at each start: the redirect addresses carry the port chosen for this instance.
PREPARE = """
from modoboa.core.utils import add_allowed_hosts
from oauth2_provider.models import get_application_model
from rest_framework.authtoken.models import Token
from modoboa.core.models import User
get_application_model().objects.filter(name="modoboa_frontend").update(
    redirect_uris="", post_logout_redirect_uris="")
add_allowed_hosts([{authority!r}])
print("TOKEN", Token.objects.get_or_create(user=User.objects.get(username={admin!r}))[0].key)
"""


@dataclass(frozen=True)
class Account:
    """Somebody who can log in."""

    username: str
    password: str


class Modoboa:
    """The mail server's web application, reached through the bed's nginx."""

    def __init__(self, layout: Layout, token: str = "") -> None:
        self._layout = layout
        self.token: str = token
        self.administrator = Account(ADMIN, ADMIN_PASSWORD)
        self._session = http.session(self.ca_path)

    @property
    def hostname(self) -> str:
        """The primary hostname."""
        return PRIMARY_HOSTNAME

    @property
    def url(self) -> str:
        """Base address of the primary host."""
        return f"https://{PRIMARY_HOSTNAME}:{self._layout.ports.https}"

    @property
    def ca_path(self) -> Path:
        """The CA of the primary host's certificate."""
        return self._layout.tls / "ca.pem"

    @property
    def directory(self) -> Path:
        """The instance: manage.py, the database, media, sitestatic, frontend."""
        return self._layout.modoboa

    @property
    def python(self) -> Path:
        """The interpreter of its virtual environment."""
        return self._layout.prefix.python("modoboa")

    def environment(self) -> dict[str, str]:
        """The environment of its programs."""
        return template.environment(self._layout.prefix)

    def program(self, address: str = "", workers: int = WORKERS) -> Program:
        """How to start it, at the application's socket unless another address is given."""
        layout = self._layout
        bind = address or f"unix:{layout.application_socket}"
        return Program(
            name="modoboa",
            command=[
                *(self.python, "-m", "gunicorn", f"{template.INSTANCE}.wsgi:application"),
                *("--workers", str(workers), "--bind", bind),
                *("--timeout", "120", "--no-control-socket"),
            ],
            directory=self.directory,
            log=layout.logs / "modoboa.log",
            environment=self.environment(),
        )

    def prepare(self) -> None:
        """Tell the instance its own address, and get a token for its API."""
        authority = f"{PRIMARY_HOSTNAME}:{self._layout.ports.https}"
        output = self.manage("shell", "-c", PREPARE.format(authority=authority, admin=ADMIN))
        self.token = output.rpartition("TOKEN ")[2].strip()

    def ready(self) -> bool:
        """Whether it answers through nginx."""
        if not wait.listens(str(self._layout.application_socket)):
            return False
        try:
            answer = self._session.get(f"{self.url}/accounts/login/", timeout=TIMEOUT)
        except requests.RequestException:
            return False
        return answer.ok

    def manage(self, *arguments: str) -> str:
        """Run manage.py; returns what it wrote to standard output."""
        return run(
            [self.python, "manage.py", *arguments],
            directory=self.directory,
            environment=self.environment(),
            purpose=f"Modoboa's manage.py {arguments[0]}",
        )

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """An API request as the administrator, ``path`` relative to /api/v2/.

        Throttled requests are repeated when the server allows it. Raises BedError with the server's
        words if it fails.
        """
        for _try in range(TRIES):
            answer = self._session.request(
                method,
                f"{self.url}/api/v2/{path}",
                headers={"Authorization": f"Token {self.token}"},
                timeout=TIMEOUT,
                **arguments,
            )
            if answer.status_code != requests.codes.too_many_requests:
                break
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        if not answer.ok:
            raise BedError(f"{method} {path}: {answer.status_code}: {answer.text[:500]}")
        return answer

    def create_domain(self, name: str, admin_password: str = "", **fields: Any) -> Account | None:
        """Create a mail domain, with an administrator ``admin@name`` if a password is given."""
        body: dict[str, Any] = {"name": name, "quota": "1GB", "default_mailbox_quota": "100"}
        if admin_password:
            body["domain_admin"] = {
                "username": "admin",
                "password": admin_password,
                "with_mailbox": True,
                "with_aliases": False,
            }
        self.request("POST", "domains/", json={**body, **fields})
        return Account(f"admin@{name}", admin_password) if admin_password else None

    def delete_domain(self, name: str) -> None:
        """Delete a mail domain with everything in it."""
        listed = self.request("GET", "domains/", params={"search": name}).json()
        for domain in listed["results"] if isinstance(listed, dict) else listed:
            if domain["name"] == name:
                self.request("POST", f"domains/{domain['pk']}/delete/", json={"keep_folder": False})

    def create_account(self, username: str, password: str, role: str = "SimpleUsers") -> Account:
        """Create an account with a mailbox; ``username`` is its mail address."""
        body = {
            "username": username,
            "role": role,
            "password": password,
            "mailbox": {"use_domain_quota": True},
        }
        self.request("POST", "accounts/", json=body)
        return Account(username, password)

    def login(
        self, hostname: str, username: str, password: str, ca_path: Path | None = None
    ) -> LoginResult:
        """Log in through a hostname as a browser does; see ``bed.portal``."""
        return portal.login(
            portal.Portal(hostname, self._layout.ports.https, ca_path or self.ca_path),
            client_id=portal.client_id(self.directory / "frontend" / "config.json"),
            username=username,
            password=password,
        )
