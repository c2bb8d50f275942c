# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian host with nginx as it comes, and an operator who is not root but may become it."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any

from bed.host import Host
from cryptography import x509

OPERATOR = "alex"
PASSWORD = "Sudo-2026-Operator"
STORAGE = "/var/lib/mailhost-modoboa"
AVAILABLE, ENABLED = "/etc/nginx/sites-available", "/etc/nginx/sites-enabled"
CATCH_ALL = "00-mailhost-modoboa-catch-all.conf"
DEFAULT = f"{ENABLED}/default"
# In the host's own Python, what it sees of itself over IPv6
OVER_IPV6 = """
import socket, ssl, sys
context = ssl._create_unverified_context()
with socket.create_connection(("::1", 443), 5) as plain:
    with context.wrap_socket(plain, server_hostname=sys.argv[1]) as tls:
        tls.sendall(f"GET / HTTP/1.0\\r\\nHost: {sys.argv[1]}\\r\\n\\r\\n".encode())
        print(tls.makefile().read())
"""


class Site:
    """The host, and what the operator does with it."""

    def __init__(self, host: Host, http_port: int, https_port: int) -> None:
        self.host = host
        self._http_port, self._https_port = http_port, https_port
        host.run(["apt-get", "update"])
        packages = ["nginx", "openssl", "sudo"]
        host.run(["apt-get", "install", "--yes", "--no-install-recommends", *packages])
        host.run(["useradd", "--create-home", "--groups", "sudo", OPERATOR])
        self.script(
            f"echo {OPERATOR}:{PASSWORD} | chpasswd;"
            f" install -d -m 700 -o {OPERATOR} /home/{OPERATOR}/.ssh;"
            f" install -m 600 -o {OPERATOR} ~root/.ssh/authorized_keys /home/{OPERATOR}/.ssh/"
        )
        for folder in ("frontend", "static", "media"):
            host.write(f"/srv/portal/{folder}/index.html", folder)
        host.run(["systemctl", "is-active", "nginx"])

    def script(self, text: str, *arguments: str) -> str:
        """Run a shell script on it as root."""
        return self.host.run(["sh", "-euc", text, "sh", *arguments])

    def issue(self, name: str) -> None:
        """Put a new certificate in place, which only root can read."""
        self.script(
            'umask 077; mkdir -p "$2"; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256'
            ' -nodes -days 90 -subj "/CN=$1" -keyout "$2/privkey.pem" -out "$2/fullchain.pem" 2>&1',
            name,
            f"{STORAGE}/certs/{name}",
        )

    def task(self, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """The result of a task that the operator runs from elsewhere."""
        values = {
            "storage": STORAGE,
            "application": "127.0.0.1:8000",
            "frontend_root": "/srv/portal/frontend",
            "static_root": "/srv/portal/static",
            "media_root": "/srv/portal/media",
            **options,
        }
        play = {
            "hosts": "fronts",
            "gather_facts": False,
            "tasks": [{"name": "The module", "mailhost.modoboa.nginx_vhost": values}],
        }
        playbook = self.host.directory / "playbook.yml"
        playbook.write_text(json.dumps([play]))
        inventory = self.host.ansible_inventory(
            "fronts",
            ansible_user=OPERATOR,
            ansible_become=True,
            ansible_become_password=PASSWORD,
            ansible_remote_tmp=f"/home/{OPERATOR}/.ansible/tmp",
        )
        done = self.host.ansible.run_playbook(playbook, inventory, check=check, diff=True)
        (result,) = done.task("The module")
        return {"failed": result.status == "failed", **result.result}

    def predict_and_do(self, **options: Any) -> dict[str, Any]:
        """The result, which check mode has to have said before, and a second run has to be silent."""
        before = self.files()
        predicted = self.task(check=True, **options)
        assert self.files() == before
        done = self.task(**options)
        for key in ("changed", "failed", "reloaded", "diff", "catch_all"):
            assert predicted.get(key) == done.get(key), key
        unserved = [
            [{**item, "served": None} for item in result["vhosts"]] for result in (predicted, done)
        ]
        assert unserved[0] == unserved[1]
        for check in (True, False):
            again = self.task(check=check, **options)
            assert not again["failed"], again
            assert (again["changed"], again.get("reloaded"), again.get("diff")) == (
                False,
                False,
                [],
            )
        return done

    def files(self) -> str:
        """Everything that nginx reads, and what kind of file it is."""
        return self.script(
            "cd /etc/nginx; find . -printf '%p %y %m %u %l\\n' | sort;"
            " find . -type f | sort | xargs sha256sum"
        )

    def reloads(self) -> int:
        """How often systemd has reloaded nginx."""
        journal = self.host.run(["journalctl", "--unit=nginx", "--output=cat"])
        return journal.count("Reloaded nginx")

    def get(self, name: str) -> str:
        """What somebody gets who asks for a page over HTTP."""
        with socket.create_connection((self.host.address, self._http_port), 5) as connection:
            connection.sendall(f"GET / HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
            return connection.makefile().read()

    def certificate_of(self, name: str) -> str:
        """Whom the certificate is for that is shown to those who ask for a name."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with (
            socket.create_connection((self.host.address, self._https_port), 5) as plain,
            context.wrap_socket(plain, server_hostname=name) as tls,
        ):
            der = tls.getpeercert(True)
        assert der is not None
        return x509.load_der_x509_certificate(der).subject.rfc4514_string()

    def rejects(self, name: str) -> bool:
        """Whether somebody who asks for a name gets no certificate."""
        try:
            self.certificate_of(name)
        except ssl.SSLError as error:
            return error.reason == "TLSV1_UNRECOGNIZED_NAME"
        return False
