# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's BIND with two zones that take dynamic updates, as docs/dns-01.md describes them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from string import Template

from bed import private_file, process, wait
from bed.command import run
from bed.layout import Layout, Ports
from bed.packages import Service
from bed.ports import LOOPBACK
from bed.prefix import find
from bed.process import Process, Program
from bed.setup import unpack_on_demand

BIND = Service(
    packages=("bind9", "bind9-dnsutils"),
    programs={
        "named": "usr/sbin/named",
        "tsig-keygen": "usr/sbin/tsig-keygen",
        "nsupdate": "usr/bin/nsupdate",
        "dig": "usr/bin/dig",
    },
)
PATIENCE = 20

# Names whose challenge may be answered in the zone itself, wildcards included
OWN = ("portal.example", "other.example")
# One whose challenge is delegated to the zone that is there for nothing else, and that zone
DELEGATED = "delegated.example"
CHALLENGES = "challenges.example"

CONFIGURATION = Template("""\
include "$key";
options {
  directory "$directory";
  pid-file "$directory/named.pid";
  session-keyfile "$directory/session.key";
  lock-file none;
  listen-on port $port { $address; };
  listen-on-v6 { none; };
  recursion yes;
  dnssec-validation no;
  notify no;
  allow-transfer { none; };
};
controls { };
zone "." { type primary; file "root.zone"; };
zone "example" {
  type primary;
  file "example.zone";
  update-policy { $grants };
};
zone "$challenges" {
  type primary;
  file "challenges.zone";
  update-policy { grant acme zonesub TXT; };
};
""")
ZONE = """\
$TTL 60
@ IN SOA localhost. hostmaster.example. 1 3600 600 86400 60
@ IN NS localhost.
"""


class Named:
    """The primary name server of ``example``; nothing else exists for it.

    It also is the resolver of the CA, for which it follows the alias from one zone to the other.
    The TSIG key ``acme`` may change TXT records of challenges only.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.key: Path = layout.directory / "acme.key"

    @property
    def address(self) -> str:
        """Where it answers, as Pebble takes it."""
        return f"{LOOPBACK}:{self._layout.ports.dns}"

    @property
    def server(self) -> str:
        """The same as BIND's own tools and nsupdate-hook.sh take it."""
        return f"{LOOPBACK}#{self._layout.ports.dns}"

    @property
    def environment(self) -> Mapping[str, str]:
        """An environment in which the unpacked nsupdate and dig are found."""
        return {"PATH": f"{self._layout.prefix.bin}:{os.environ['PATH']}"}

    def texts(self, name: str) -> list[str]:
        """The TXT records that it answers with."""
        output = run(
            [
                *(self._layout.prefix.bin / "dig", f"@{LOOPBACK}"),
                *("-p", str(self._layout.ports.dns), "+short", "+time=5", name, "TXT"),
            ],
            purpose=f"asking for {name}",
        )
        # an alias on the way to them is printed without quotes
        return sorted(line.strip('"') for line in output.splitlines() if line.startswith('"'))

    def make_key(self, name: str, file: Path) -> None:
        """Write the file of a new TSIG key."""
        content = run(
            [self._layout.prefix.bin / "tsig-keygen", "-a", "hmac-sha256", name],
            purpose="making a TSIG key",
        )
        private_file.write(file, content.encode())

    def program(self) -> Program:
        """Write keys, zones and configuration; how to start it."""
        directory = self._layout.directory
        self.make_key("acme", self.key)
        aliases = f"_acme-challenge.{DELEGATED}. IN CNAME {DELEGATED}.{CHALLENGES}.\n"
        (directory / "example.zone").write_text(f"{ZONE}challenges IN NS localhost.\n{aliases}")
        (directory / "challenges.zone").write_text(ZONE)
        (directory / "root.zone").write_text(ZONE)
        configuration = directory / "named.conf"
        configuration.write_text(
            CONFIGURATION.substitute(
                key=self.key,
                directory=directory,
                port=self._layout.ports.dns,
                address=LOOPBACK,
                grants=" ".join(f"grant acme name _acme-challenge.{name}. TXT;" for name in OWN),
                challenges=CHALLENGES,
            )
        )
        return Program(
            name="named",
            command=[self._layout.prefix.bin / "named", "-g", "-c", configuration],
            directory=directory,
            log=self._layout.logs / "named.log",
            environment={"PATH": "/usr/bin:/bin"},
        )

    def ready(self) -> bool:
        """Whether it accepts queries."""
        return wait.listens((LOOPBACK, self._layout.ports.dns))


@contextmanager
def standalone(name: str) -> Iterator[Named]:
    """A name server without the rest of a bed, which a CA can be told to ask."""
    layout = Layout(find(), f"{name}-{os.getpid()}", "sqlite", Ports.choose())
    unpack_on_demand(layout.prefix, "bind", BIND)
    layout.directory.mkdir(parents=True)
    named = Named(layout)
    server = Process(named.program(), outlives=False)
    try:
        wait.until(named.ready, what="named answers", timeout=PATIENCE)
        yield named
    finally:
        process.stop([server.identity], layout.directory)
        server.reap()
        shutil.rmtree(layout.directory)
