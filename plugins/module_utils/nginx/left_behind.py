# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server block by somebody else does, and one by this collection would not."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.configuration import Directive

# What the templates say themselves, or what the inventory has an option for that has a default
_REPLACED = {
    *("listen", "server_name", "http2", "ssl", "root", "index", "server_tokens", "charset"),
    *("ssl_certificate", "ssl_certificate_key", "ssl_protocols", "ssl_ciphers", "ssl_dhparam"),
    *("ssl_prefer_server_ciphers", "ssl_session_cache", "ssl_session_timeout", "ssl_ecdh_curve"),
    *("ssl_session_tickets", "ssl_stapling", "ssl_stapling_verify", "ssl_trusted_certificate"),
    *("return", "port_in_redirect"),
}
_REPLACED_IN_LOCATIONS = {
    *("root", "alias", "index", "try_files", "expires", "return", "autoindex", "add_header"),
    *("proxy_pass", "proxy_set_header", "proxy_redirect", "proxy_http_version"),
    *("proxy_read_timeout", "uwsgi_pass", "uwsgi_param", "uwsgi_read_timeout"),
}
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


def left_behind(
    file: str, tree: Iterable[Directive], snippets: Iterable[str]
) -> list[dict[str, Any]]:
    """The directives that would be missed, for a snippet of the operator's.

    :param file: where they are
    :param tree: what is in it
    :param snippets: what the operator has in snippets already
    """
    there = " ".join(_squeezed(snippet) for snippet in snippets)
    return [
        {"file": file, "line": directive.line, "text": _dedented(directive.text)}
        for directive in _missed(tree)
        if _squeezed(directive.text) not in there
    ]


def _missed(tree: Iterable[Directive]) -> Iterator[Directive]:
    for directive in tree:
        if directive.name != "server" or directive.block is None:
            # An upstream, a map or the like goes with the file
            yield directive
            continue
        yield from (each for each in directive.block if not _is_replaced(each))


def _is_replaced(directive: Directive) -> bool:
    name = directive.name
    if name == "listen":
        return "default_server" not in directive.words and "default" not in directive.words
    if name == "include":
        return _includes_parameters(directive)
    if name == "if":
        # certbot's way to HTTPS
        return {each.name for each in directive.block or ()} == {"return"} and (
            directive.words[1].startswith("($host")
        )
    if name == "add_header":
        return directive.words[1].lower() == "strict-transport-security"
    if name == "location":
        return _is_replaced_location(directive)
    return name in _REPLACED


def _is_replaced_location(directive: Directive) -> bool:
    path = directive.words[-1].lstrip("^").strip("/\\.")
    if directive.words[-1].lstrip("^").replace("\\", "").startswith(_CHALLENGE):
        return True
    first = path.strip("()").replace("|", "/").split("/")
    if path and not set(first) & set(_PATHS):
        return False
    return all(
        each.name in _REPLACED_IN_LOCATIONS
        or (each.name == "include" and _includes_parameters(each))
        for each in directive.block or ()
    )


def _includes_parameters(directive: Directive) -> bool:
    return directive.words[-1].rpartition("/")[2] in _PARAMETERS


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _dedented(text: str) -> str:
    """A directive without the indentation that it has in its file, which its first line lacks."""
    first, newline, rest = text.partition("\n")
    return first + newline + textwrap.dedent(rest) if newline else first
