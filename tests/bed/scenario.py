# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a molecule scenario with a CA of their own: what its create and destroy playbooks call.

python -m bed.scenario start NAME --platforms JSON --inventory FILE --instances FILE
python -m bed.scenario stop NAME
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bed import host_base, instance, private_file
from bed.acme_bed import AcmeBed
from bed.acme_server import DAY, LIFETIME, CaOptions
from bed.errors import BedError
from bed.host import Host
from bed.pebble import Pebble, PebbleTrixie
from bed.ports import LOOPBACK, MACHINE, free_ports
from bed.prefix import find
from bed.setup import locked

HTTP, HTTPS = 80, 443
BASE = "modoboa"


def main() -> int:
    """Do what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bed.scenario", description="Hosts of molecule scenarios")
    actions = parser.add_subparsers(dest="action", required=True)
    starting = actions.add_parser("start", help="start hosts and a CA that go on running")
    starting.add_argument("--platforms", type=json.loads, required=True, help="as in molecule.yml")
    starting.add_argument("--base", default="", help="of platforms that name none")
    starting.add_argument("--lifetime", type=int, default=LIFETIME, help="of certificates, seconds")
    starting.add_argument("--inventory", type=Path, required=True, help="file for variables")
    starting.add_argument("--instances", type=Path, required=True, help="molecule's own file")
    stopping = actions.add_parser("stop", help="stop them")
    for action in (starting, stopping):
        action.add_argument("name", help="of the scenario")
    arguments = parser.parse_args()
    try:
        if arguments.action == "stop":
            stop(arguments.name)
        else:
            platforms = [{"base": arguments.base, **each} for each in arguments.platforms]
            hosts = start(arguments.name, platforms, arguments.lifetime)
            private_file.write(arguments.inventory, json.dumps(_inventory(hosts)).encode())
            private_file.write(arguments.instances, json.dumps(_instances(hosts)).encode())
    except BedError as error:
        print(f"bed: {error}", file=sys.stderr)
        return 1
    return 0


def start(
    scenario: str, platforms: Sequence[Mapping[str, Any]], lifetime: int
) -> dict[str, dict[str, Any]]:
    """Start a CA, and a host for each platform; nothing is left running if one of them fails.

    A platform has a ``name``, the ``release`` of Debian, and the ``names`` that lead to it: where several
    have the same one, it leads to all of these. They are in its ``zone``, or in one that is called as it.
    ``shared`` are ports that the others reach. Its ``base`` may be ``modoboa``: then that is installed already.

    :returns: host → its variables
    :raises BedError: one does not start
    """
    stop(scenario)
    acme = AcmeBed(
        _instance(scenario, "ca"),
        # The newer one suggests a day around: a certificate of minutes may be due before it is issued
        server=Pebble if lifetime < DAY else PebbleTrixie,
        options=CaOptions(lifetime=lifetime),
        keep=True,
    )
    try:
        acme.start()
        published = {acme.http_port: HTTP, acme.layout.ports.https: HTTPS}
        hosts = {
            platform["name"]: _host(scenario, platform, published).start() for platform in platforms
        }
    except BaseException:
        stop(scenario)
        raise
    addresses: dict[str, list[str]] = {}
    for platform in platforms:
        for name in platform.get("names", ()):
            addresses.setdefault(name, []).append(hosts[platform["name"]].address)
    for name, found in addresses.items():
        acme.dns.share(name, found)
    shared = _shared(hosts)
    return {
        platform["name"]: {
            **_variables(acme, hosts[platform["name"]]),
            **shared,
            **({"scenario_zone": platform["zone"]} if "zone" in platform else {}),
            "scenario_installed": platform.get("base") == BASE,
        }
        for platform in platforms
    }


def stop(scenario: str) -> None:
    """Stop what is running of a scenario, and remove what it has left."""
    prefix = find()
    with locked(prefix, instance.FOLDERS):
        for folder in prefix.run.glob(_instance(scenario, "*")):
            instance.remove(prefix, folder.name)


def _instance(scenario: str, name: str) -> str:
    return f"molecule-{scenario}-{name}"


def _host(scenario: str, platform: Mapping[str, Any], published: Mapping[int, int]) -> Host:
    there, release = platform.get("shared", ()), platform["release"]
    base = platform.get("base")
    return Host(
        _instance(scenario, platform["name"]),
        release=release,
        published=published,
        shared=dict(zip(free_ports(len(there)), there, strict=True)),
        keep=True,
        root=host_base.prepare(find(), release) if base == BASE else None,
    )


def _shared(hosts: Mapping[str, Host]) -> dict[str, Any]:
    """Where hosts find each other's shared ports: host → port there → address."""
    return {
        "scenario_shared": {
            name: {str(there): f"{MACHINE}:{here}" for here, there in host.shared.items()}
            for name, host in hosts.items()
        }
    }


def _variables(acme: AcmeBed, host: Host) -> dict[str, Any]:
    roots = acme.directory / "issuer.pem"
    roots.write_text(acme.acme.issuer_roots())
    (https,) = (here for here, there in host.published.items() if there == HTTPS)
    return {
        **host.variables(),
        # So that nobody has to look for it at each run
        "ansible_python_interpreter": "/usr/bin/python3",
        "scenario_address": host.address,
        "scenario_https_port": https,
        "scenario_http_port": acme.http_port,
        "scenario_issuer": str(roots),
        "scenario_acme_ca": str(acme.acme.ca_path),
        "scenario_acme_directory": acme.acme.directory_url.replace(LOOPBACK, MACHINE),
        "scenario_resolver": acme.dns.address.replace(LOOPBACK, MACHINE),
    }


def _inventory(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Their variables; molecule itself says which groups they are in."""
    return {"all": {"hosts": dict(hosts)}}


def _instances(hosts: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What ``molecule login`` needs."""
    return [
        {
            "instance": name,
            "address": variables["ansible_host"],
            "port": variables["ansible_port"],
            "user": variables["ansible_user"],
            "identity_file": variables["ansible_ssh_private_key_file"],
        }
        for name, variables in hosts.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
