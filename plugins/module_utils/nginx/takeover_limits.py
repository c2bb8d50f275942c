# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file by somebody else does that no server block of ours could go on doing, so that it must not go."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.claims import Claims
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.configuration import Directive
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.left_behind import (
    is_own_location,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.listening import (
    address_of,
    sockets,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet_directives import (
    Level,
    SnippetDirectives,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)

# These do nothing for servers in other files unless they are named there, and then nginx misses them
_HARMLESS = {
    *("server", "upstream", "map", "geo", "split_clients", "log_format"),
    *("limit_req_zone", "limit_conn_zone"),
    *("proxy_cache_path", "uwsgi_cache_path", "fastcgi_cache_path"),
}
_ACCESS = ("allow", "deny", "auth_basic", "auth_request", "auth_jwt", "ssl_verify_client")
_NO_LIMIT = (("allow", "all"), ("auth_basic", "off"), ("ssl_verify_client", "off"))


def insist_on_replaceable(
    file: str,
    host: VirtualHost,
    settings: Settings,
    claims: Claims,
    names: Collection[str],
    snippets: SnippetDirectives,
) -> None:
    """Refuse a file that does something which would be lost, or be done for others, when it goes.

    :param names: those of all virtual hosts that are taken over
    :param snippets: what the operator has in snippets already
    :raises NginxError: it does; the text says what to do
    """
    for directive in claims.tree(file):
        if directive.name not in _HARMLESS:
            raise NginxError(
                f"{file}, line {directive.line}, has {directive.name!r} beside its server blocks, which"
                " holds for all sites: move it into a file of its own, and run again"
            )
    for directive in _of_blocks(file, host, claims):
        if directive.name == "listen":
            _insist_on_listening(file, directive, host, settings, claims, names)
    for directive, level in _access(_of_blocks(file, host, claims)):
        if not snippets.say(directive, level):
            raise NginxError(
                f"{file}, line {directive.line}, restricts access ({directive.text}), which nobody would do"
                f" any more: put it into the snippet of {host.name}, or take it out, and run again"
            )


def _of_blocks(file: str, host: VirtualHost, claims: Claims) -> Iterator[Directive]:
    for block in claims.blocks_of(file):
        if not block.names.isdisjoint(host.server_names):
            yield from block.directives


def _access(
    directives: Iterable[Directive], level: Level = ()
) -> Iterator[tuple[Directive, Level]]:
    """Who restricts access to the portal, each with where that is: all of a location that is replaced counts."""
    for directive in directives:
        if directive.name in _ACCESS and directive.words[:2] not in _NO_LIMIT:
            yield directive, level
        elif level or (directive.name == "location" and is_own_location(directive)):
            yield from _access(directive.block or (), (*level, directive.words))


def _insist_on_listening(
    file: str,
    directive: Directive,
    host: VirtualHost,
    settings: Settings,
    claims: Claims,
    names: Collection[str],
) -> None:
    """Refuse a listen directive without which requests would come to somebody else, or be misunderstood.

    :raises NginxError: it is one
    """
    where = f"{file}, line {directive.line}, "
    if "default_server" in directive.words or "default" in directive.words:
        raise NginxError(
            f"{where}is the default server, so requests for names of nobody would come to whoever is the next:"
            " take that word out of it, and run again; provisioning brings a catch-all"
        )
    if "proxy_protocol" in directive.words:
        raise NginxError(
            f"{where}expects the PROXY protocol, which the block that comes does not understand: have the"
            f" load balancer speak without it, or leave {host.name} as it is"
        )
    own = {address_of(address) for address in settings.listen_addresses}
    for socket in sockets(directive.text):
        if socket.address in own or not _is_single(socket.address):
            continue
        for block in claims.blocks:
            if (
                block.file != file
                and not block.names.issubset(names)
                and any(
                    (each.address, each.port) == (socket.address, socket.port)
                    for other in block.directives
                    if other.name == "listen"
                    for each in sockets(other.text)
                )
            ):
                raise NginxError(
                    f"{where}listens on {socket}, as {block.file} does, so that one would get the requests for"
                    f" {host.name}: add {socket.address} to listen_addresses, and run again"
                )


def _is_single(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address).is_unspecified
    except ValueError:
        # All of IPv4, or a name, which may be any address
        return address != "*"
