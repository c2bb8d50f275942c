# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Sell licences, and serve the endpoint at which they are registered.

    python -m licensing FILE sell LICENSEE [--installations N]
    python -m licensing FILE list
    python -m licensing FILE forget KEY_SHA256
    python -m licensing FILE serve [--host 127.0.0.1] [--port 8600]

``serve`` speaks plain HTTP: put it behind a web server that speaks HTTPS.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from .application import PATH, Application
from .licences import Licences


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    # A client that sends less than it announced must not keep a thread for ever
    timeout = 30


def main() -> int:
    """Do what the command line says; returns the exit code."""
    arguments = _arguments()
    licences = Licences(arguments.file)
    if arguments.command == "sell":
        print(licences.sell(arguments.licensee, arguments.installations))
    elif arguments.command == "list":
        for licence in licences.all():
            used = f"{licence.registered}/{licence.installations}"
            print(licence.key_sha256, used, licence.licensee)
    elif arguments.command == "forget":
        return 0 if licences.forget(arguments.key_sha256) else 1
    else:
        with make_server(
            arguments.host, arguments.port, Application(licences), _Server, _Handler
        ) as server:
            print(f"http://{arguments.host}:{server.server_port}{PATH}", flush=True)
            server.serve_forever()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="licensing", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, metavar="FILE", help="where licences are kept")
    commands = parser.add_subparsers(dest="command", required=True)
    sell = commands.add_parser("sell", help="make a licence and print its key, this once")
    sell.add_argument("licensee")
    sell.add_argument("--installations", type=int, default=1)
    commands.add_parser("list", help="print digests, registrations and licensees")
    forget = commands.add_parser("forget", help="take a licence back")
    forget.add_argument("key_sha256")
    serve = commands.add_parser("serve", help="answer registrations")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8600, help="0 for any that is free")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
