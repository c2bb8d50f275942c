# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server block by somebody else does, and one by this collection would not."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.configuration import Directive
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.listening import sockets
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet_directives import (
    SnippetDirectives,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.vhost import (
    Settings,
    VirtualHost,
)

# What the templates say themselves, or what the inventory has an option for that has a default
_REPLACED = {
    *("listen", "server_name", "http2", "ssl", "root", "index", "server_tokens", "charset"),
    *("ssl_certificate", "ssl_certificate_key", "ssl_protocols", "ssl_ciphers", "ssl_dhparam"),
    *("ssl_prefer_server_ciphers", "ssl_session_cache", "ssl_session_timeout", "ssl_ecdh_curve"),
    *("ssl_session_tickets", "ssl_stapling", "ssl_stapling_verify", "ssl_trusted_certificate"),
    "port_in_redirect",
}
_REPLACED_IN_LOCATIONS = {
    *("root", "alias", "index", "try_files", "expires", "autoindex", "add_header"),
    *("proxy_pass", "proxy_set_header", "proxy_redirect", "proxy_http_version"),
    *("proxy_read_timeout", "uwsgi_pass", "uwsgi_param", "uwsgi_read_timeout"),
}
# Whatever else is returned, or leads to another host, may be there to close the portal
_REDIRECTS = ("301", "302", "303", "307", "308")
_ADDRESS = re.compile(
    r"(?:https?|\$scheme)://(?P<host>\$\{?\w+\}?|[^/:?$]+)(?::\d+)?(?=[/?]|\$(?:request_)?uri\b|$)"
)
_SAME_HOST = ("$host", "$http_host", "$server_name")
_OTHER_THAN = ("!=", "!~", "!~*")
_CHALLENGE = "/.well-known/acme-challenge"
# Paths of the frontend, the application and its files
_PATHS = (
    "api",
    "accounts",
    "reset",
    "autodiscover",
    "jsi18n",
    "sitestatic",
    "static",
    "media",
    "assets",
)
_PARAMETERS = ("proxy_params", "uwsgi_params", "options-ssl-nginx.conf")


@dataclass(frozen=True)
class Replacement:
    """What the block that comes leads to, as far as it replaces what others write."""

    application: str
    roots: tuple[str, ...]
    ports: tuple[int, ...]

    @classmethod
    def by(cls, host: VirtualHost, settings: Settings) -> Replacement:
        """That of a virtual host."""
        roots = (host.frontend_root, host.static_root, host.media_root)
        return cls(host.application, roots, (settings.http_port, settings.https_port))

    def has_target(self, word: str, upstreams: Mapping[str, Collection[str]]) -> bool:
        """Whether an argument of proxy_pass or uwsgi_pass leads to the application.

        :param upstreams: by their names, the servers of each
        """
        target = _target(word)
        own = _target(self.application)
        return {_target(server) for server in upstreams.get(target, [target])} == {own}

    def has_root(self, word: str, location: str) -> bool:
        """Whether an argument of root or alias is where the host's own files are, or above it."""
        there = os.path.realpath(word)
        below = os.path.realpath(f"{word}/{location.strip('/')}")
        return any(
            root in (there, below) or root.startswith(f"{there}/")
            for root in map(os.path.realpath, filter(None, self.roots))
        )

    def listens(self, directive: Directive) -> bool:
        """Whether it listens there, too."""
        found = {socket.port for socket in sockets(directive.text)}
        return bool(found) and found.issubset(self.ports)


def _target(word: str) -> str:
    """One spelling of an address that requests are passed to, without the path of a request."""
    where = word.partition("://")[2] or word if not word.startswith("unix:") else word
    if where.startswith("unix:"):
        return "unix:/" + where[len("unix:") :].partition(":")[0].lstrip("/")
    host = where.partition("/")[0].lower()
    return re.sub(r"^localhost(?=:|$)", "127.0.0.1", host)


def left_behind(
    file: str,
    tree: Iterable[Directive],
    snippets: SnippetDirectives,
    replacement: Replacement | None = None,
) -> list[dict[str, Any]]:
    """The directives that would be missed, for a snippet of the operator's.

    :param file: where they are
    :param tree: what is in it
    :param snippets: what the operator has in snippets already
    :param replacement: what comes; where that leads is not looked at if it is not given
    """
    tree = list(tree)
    missed = _Missed(replacement, tree)
    return [
        {"file": file, "line": directive.line, "text": _dedented(directive.text)}
        for directive in missed.of(tree)
        if not snippets.say(directive)
    ]


class _Missed:
    """Finds what one file has, and the replacement has not."""

    def __init__(self, replacement: Replacement | None, tree: Iterable[Directive]) -> None:
        self._replacement = replacement
        self._upstreams = {
            directive.words[-1].lower(): [server.words[1] for server in directive.named("server")]
            for directive in tree
            if directive.name == "upstream"
        }
        self._names = {
            name.lower()
            for directive in tree
            if directive.name == "server"
            for names in directive.named("server_name")
            for name in names.words[1:]
        }

    def of(self, tree: Iterable[Directive]) -> Iterator[Directive]:
        for directive in tree:
            if directive.name != "server" or directive.block is None:
                # An upstream, a map or the like goes with the file
                yield directive
                continue
            # certbot's block for HTTP ends with one, after its ways to HTTPS
            rest = ("return", "404") if any(map(self._redirects_host, directive.block)) else ()
            yield from (
                each
                for each in directive.block
                if each.words != rest and not self._is_replaced(each)
            )

    def _is_replaced(self, directive: Directive) -> bool:
        name = directive.name
        if name == "listen":
            if self._replacement is not None and not self._replacement.listens(directive):
                return False
            return "default_server" not in directive.words and "default" not in directive.words
        if name == "include":
            return _includes_parameters(directive)
        if name == "if":
            return self._redirects_host(directive) or _turns_others_away(directive)
        if name == "return":
            return self._is_redirect(directive)
        if name == "add_header":
            return directive.words[1].lower() == "strict-transport-security"
        if name == "location":
            return self._is_replaced_location(directive)
        return name in _REPLACED and self._leads_there(directive, "")

    def _is_replaced_location(self, directive: Directive) -> bool:
        if directive.words[-1].lstrip("^").replace("\\", "").startswith(_CHALLENGE):
            return True
        if not is_own_location(directive):
            return False
        return all(
            (each.name in _REPLACED_IN_LOCATIONS and self._leads_there(each, directive.words[-1]))
            or self._is_redirect(each)
            or (each.name == "include" and _includes_parameters(each))
            for each in directive.block or ()
        )

    def _redirects_host(self, directive: Directive) -> bool:
        """Whether it is certbot's way to HTTPS."""
        return (
            _is_about_host(directive)
            and directive.words[2] not in _OTHER_THAN
            and all(map(self._is_redirect, directive.block or ()))
        )

    def _is_redirect(self, directive: Directive) -> bool:
        """Whether it leads to a page of the same portal."""
        if directive.name != "return" or len(directive.words) < 2:
            return False
        where = directive.words[-1]
        if directive.words[1] in _REDIRECTS and where.startswith("/"):
            return True
        address = _ADDRESS.match(where)
        if address is None or directive.words[1] not in (*_REDIRECTS, where):
            return False
        host = re.sub(r"[{}]", "", address.group("host")).lower()
        return host in _SAME_HOST or host in self._names

    def _leads_there(self, directive: Directive, location: str) -> bool:
        ours = self._replacement
        if ours is None or len(directive.words) < 2:
            return True
        if directive.name in ("proxy_pass", "uwsgi_pass"):
            return ours.has_target(directive.words[1], self._upstreams)
        if directive.name in ("root", "alias"):
            return ours.has_root(directive.words[1], location)
        return True


def is_own_location(directive: Directive) -> bool:
    """Whether a location is about paths that the block that comes serves itself."""
    path = directive.words[-1].lstrip("^").strip("/\\.")
    first = path.strip("()").replace("|", "/").split("/")
    return not path or bool(set(first) & set(_PATHS))


def _is_about_host(directive: Directive) -> bool:
    return (
        directive.name == "if"
        and len(directive.words) > 2
        and directive.words[1] == "($host"
        and bool(directive.block)
    )


def _turns_others_away(directive: Directive) -> bool:
    """Whether it is about requests for other names, which do not come to the block any more."""
    return (
        _is_about_host(directive)
        and directive.words[2] in _OTHER_THAN
        and all(each.name == "return" for each in directive.block or ())
    )


def _includes_parameters(directive: Directive) -> bool:
    return directive.words[-1].rpartition("/")[2] in _PARAMETERS


def _dedented(text: str) -> str:
    """A directive without the indentation that it has in its file, which its first line lacks."""
    first, newline, rest = text.partition("\n")
    return first + newline + textwrap.dedent(rest) if newline else first
