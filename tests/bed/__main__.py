# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m bed setup|start|stop|status``: what the Makefile calls.

All but ``start`` work with the standard library alone, so with any Python.
"""

from __future__ import annotations

import argparse
import sys

from bed import state
from bed.errors import BedError
from bed.prefix import find


def main() -> int:
    """Do what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bed", description="The test bed of mailhost.modoboa")
    actions = parser.add_subparsers(dest="action", required=True)
    setup = actions.add_parser("setup", help="install everything into the private prefix")
    setup.add_argument("--tests", action="store_true", help="also what the tests need")
    setup.add_argument("--postgresql", action="store_true", help="also PostgreSQL")
    for name, text in (
        ("start", "start a bed that goes on running"),
        ("stop", "stop it"),
        ("status", "say what is running"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("--instance", default="demo")
        if name == "start":
            action.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
        else:
            action.add_argument("--all", action="store_true", help="every bed of this prefix")
    arguments = parser.parse_args()
    try:
        return _do(arguments)
    except BedError as error:
        print(f"bed: {error}", file=sys.stderr)
        return 1


def _do(arguments: argparse.Namespace) -> int:
    if arguments.action == "setup":
        from bed.setup import setup

        setup(find(), tests=arguments.tests, postgresql=arguments.postgresql)
        return 0
    if arguments.action == "start":
        from bed.bed import Bed

        bed = Bed(arguments.instance, database=arguments.database, keep=True).start()
        print(f"{bed.instance}: {bed.modoboa.url} (CA {bed.modoboa.ca_path})")
        return 0
    prefix = find()
    everything = sorted(entry.name for entry in prefix.run.glob("*"))
    for instance in everything if arguments.all else [arguments.instance]:
        found = state.load(prefix.run / instance)
        if found is not None and arguments.action == "stop":
            found.stop(prefix.run / instance)
        print(f"{instance}: {_described(found, arguments.action)}")
    return 0


def _described(found: state.State | None, action: str) -> str:
    if found is None:
        return "there is none"
    if action == "stop":
        return "stopped"
    return "running" if found.running() else "not running"


if __name__ == "__main__":
    sys.exit(main())
