# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that do not reach the virtual hosts, though nothing fails: what operators are warned of."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import is_ours
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.catch_all import CatchAll
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.listening import (
    Socket,
    address_of,
    sockets,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.plan import Step
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import Settings

_ALL = {4: "*", 6: "::"}
# A page for the host's own monitoring is no rival
_OWN = ("127.0.0.1", "::1")


def shadowing(loaded: Mapping[str, str], settings: Settings) -> list[str]:
    """Addresses at which others listen alone, so that server blocks for all addresses get nothing.

    :param loaded: files that nginx reads → their content; none if it was not asked
    :param settings: where the virtual hosts listen
    """
    own = {address_of(address) for address in settings.listen_addresses}
    ports = (settings.http_port, settings.https_port)
    found: dict[Socket, str] = {}
    for path, content in loaded.items():
        # Of hundreds of files, hardly one is somebody else's
        if is_ours(content):
            continue
        for socket in sockets(content):
            if socket.port in ports and _shadows(socket.address, own):
                found.setdefault(socket, path)
    return [
        f"connections to {socket.address} port {socket.port} do not reach the virtual hosts:"
        f" {path} listens on that address alone, and listen_addresses names only all of them;"
        f" if names lead there, add {socket.address} to listen_addresses, or change that file"
        for socket, path in found.items()
    ]


def _shadows(address: str, own: set[str]) -> bool:
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return False
    return _ALL[version] in own and address not in {*own, *_ALL.values(), *_OWN}


def unshared_sockets(
    loaded: Mapping[str, str], steps: Iterable[Step], catch_all: CatchAll | None
) -> list[str]:
    """Whether hosts offer HTTP/3 though the catch-all could not come that shares the UDP sockets.

    :param loaded: files that nginx reads → their content; none if it was not asked
    """
    if catch_all is None or catch_all.host.state != "present":
        return []
    if catch_all.error is None:
        rival = catch_all.left_out.get("quic")
        if rival is None or rival not in loaded or "reuseport" in loaded[rival]:
            return []
    if not any(step.is_online and _offers_http3(step) for step in steps):
        return []
    warning = (
        "virtual hosts offer HTTP/3, but nobody shares its UDP sockets out to nginx's workers, so"
        " connections may be lost: the catch-all's part for that is not there; see to that, or set"
        " http3 to never"
    )
    return [warning]


def _offers_http3(step: Step) -> bool:
    text = (step.after.content or b"").decode("utf-8", "replace")
    return any(socket.quic for socket in sockets(text))
