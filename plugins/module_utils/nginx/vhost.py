# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual host as a task asks for it, and what all virtual hosts of a task have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import check_hostname
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import (
    ItemsError,
    check_names,
    items_from,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import values
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.arguments import HOST_OPTIONS
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.build import Build
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet import (
    NO_SNIPPET,
    Snippet,
    snippet,
)

UNKNOWN_THUMBPRINT = "known-when-the-account-has-been-registered-"
"""Stands for the thumbprint in check mode, when the account is still to be made."""

_DIRECTORIES = ("frontend_root", "static_root", "media_root")
_OPTIONAL = ("access_log", "error_log")
_CHECKS: dict[str, Callable[..., None]] = {
    "application": values.check_application,
    "client_max_body_size": values.check_size,
    **dict.fromkeys(_DIRECTORIES, values.check_directory),
    "hsts_max_age": values.check_max_age,
    "access_log": values.check_access_log,
    "error_log": values.check_log,
}


@dataclass(frozen=True)
class VirtualHost:
    """One virtual host. All values were checked."""

    name: str
    server_names: tuple[str, ...]
    """The name and all others it answers to"""
    state: str
    application: str = ""
    application_protocol: str = "http"
    client_max_body_size: str = "20m"
    frontend_root: str = ""
    static_root: str = ""
    media_root: str = ""
    hsts_max_age: int = 31536000
    hsts_include_subdomains: bool = False
    snippet: Snippet = NO_SNIPPET
    access_log: str = ""
    """Empty means nginx's own"""
    error_log: str = ""

    @property
    def strict_transport_security(self) -> Snippet:
        """The value of that header. It is made of a number, and so can be no other syntax."""
        subdomains = "; includeSubDomains" if self.hsts_include_subdomains else ""
        return Snippet(f"max-age={self.hsts_max_age:d}{subdomains}")


@dataclass(frozen=True)
class Settings:
    """What all server blocks of a task have in common. All values were checked."""

    storage: str
    challenge: str
    thumbprint: str | None
    http_port: int
    https_port: int
    listen_addresses: tuple[str, ...]
    http2: bool = True
    http3: str = "auto"
    catch_all: str | None = None
    challenge_host: str | None = None
    challenge_peers: tuple[str, ...] = ()
    common_snippet: Snippet = NO_SNIPPET

    def has_http3(self, build: Build) -> bool:
        """Whether the blocks are to offer HTTP/3.

        Of a UDP port, one server block alone can have the sockets (C(reuseport)): where that is not
        the catch-all, the operator has to know of one.
        """
        if self.http3 == "auto":
            return build.http3 and self.catch_all == "present"
        return self.http3 == "always"

    def check_build(self, build: Build) -> None:
        """Refuse what the host's nginx cannot do.

        :raises ItemsError: the text says what
        """
        version = ".".join(map(str, build.version))
        if self.catch_all == "present" and not build.reject_handshake:
            raise ItemsError(
                f"catch_all is present, and nginx {version} on the host cannot end a handshake without"
                " showing a certificate, as 1.19.4 and newer can; bring a newer nginx there, or leave"
                " catch_all out"
            )
        if self.http3 == "always" and not build.http3:
            raise ItemsError(
                f"http3 is always, and nginx {version} on the host was built without it;"
                " set http3 to auto"
            )

    @property
    def port_suffix(self) -> str:
        """What follows a hostname in an HTTPS address."""
        return "" if self.https_port == 443 else f":{self.https_port}"

    @property
    def asks_peers(self) -> bool:
        """Whether an answer to a challenge that is not here is looked for elsewhere."""
        return self.challenge == "webroot" and bool(self.challenge_peers)

    @property
    def webroot(self) -> str:
        """The document root of the challenges that are files."""
        return f"{self.storage}/webroot"

    def fullchain(self, name: str) -> str:
        """Path of a host's certificate chain."""
        return f"{self.storage}/certs/{name}/fullchain.pem"

    def private_key(self, name: str) -> str:
        """Path of a host's private key."""
        return f"{self.storage}/certs/{name}/privkey.pem"


def virtual_hosts(params: Mapping[str, Any]) -> list[VirtualHost]:
    """The virtual hosts that a task asks for.

    :param params: the task's options, as validated against the argument specification
    :raises ItemsError: anything about them is wrong; the text names every problem
    """
    items = items_from(params, "vhosts", HOST_OPTIONS)
    problems = _Problems()
    problems.note(check_names, items, check_hostname)
    hosts = [_virtual_host(item, params, problems) for item in items]
    problems.extend(_shared_names(hosts))
    problems.end()
    return hosts


def settings(params: Mapping[str, Any], check_mode: bool) -> Settings:
    """What all server blocks of a task have in common.

    :param params: the task's options, as validated against the argument specification
    :param check_mode: whether the thumbprint may be unknown still
    :raises ItemsError: anything about them is wrong; the text names every problem
    """
    problems = _Problems()
    for option in ("http_port", "https_port"):
        problems.note(values.check_port, option, params[option])
    if params["http_port"] == params["https_port"]:
        problems.extend([f"http_port and https_port are both {params['http_port']}; use two ports"])
    problems.note(values.check_listen_addresses, "listen_addresses", params["listen_addresses"])
    if params["storage"] is not None:
        problems.note(values.check_directory, "storage", params["storage"])
    elif params["catch_all"] == "present" and params["challenge"] == "webroot":
        problems.extend(["catch_all present needs storage, to answer challenges"])
    thumbprint = params["thumbprint"] or None
    if params["challenge"] == "stateless" and needs_blocks(params):
        if thumbprint is None and check_mode:
            thumbprint = UNKNOWN_THUMBPRINT
        problems.note(values.check_thumbprint, "thumbprint", thumbprint or "")
    if params["challenge_host"] is not None:
        problems.note(values.check_host_and_port, "challenge_host", params["challenge_host"])
    for peer in params["challenge_peers"]:
        problems.note(values.check_peer, "challenge_peers", peer)
    common_snippet = problems.snippet("common_snippet", params["common_snippet"])
    problems.end()
    return Settings(
        storage=(params["storage"] or "").rstrip("/"),
        challenge=params["challenge"],
        thumbprint=thumbprint,
        http_port=params["http_port"],
        https_port=params["https_port"],
        listen_addresses=tuple(dict.fromkeys(params["listen_addresses"])),
        http2=params["http2"],
        http3=params["http3"],
        catch_all=params["catch_all"],
        challenge_host=params["challenge_host"],
        challenge_peers=tuple(dict.fromkeys(params["challenge_peers"])),
        common_snippet=common_snippet,
    )


def needs_blocks(params: Mapping[str, Any]) -> bool:
    """Whether there is to be any block, rather than none any more.

    :param params: the task's options, as validated against the argument specification
    """
    states = [item["state"] or params["state"] for item in items_from(params, "vhosts", ("state",))]
    return params["catch_all"] == "present" or any(state != "absent" for state in states)


def _virtual_host(
    item: Mapping[str, Any], params: Mapping[str, Any], problems: _Problems
) -> VirtualHost:
    """What the item says, else what the task says for all."""
    merged = {
        option: params[option] if item[option] is None else item[option] for option in HOST_OPTIONS
    }
    name = item["name"]
    extra = item["names"] or []
    for other in extra:
        problems.note(check_hostname, other)
    host = VirtualHost(name, tuple(dict.fromkeys([name, *extra])), merged["state"])
    if host.state == "absent":
        # What is removed needs no directories
        return host
    needed = ("application", *_DIRECTORIES)
    missing = [option for option in needed if not merged[option]]
    if not params["storage"]:
        missing.append("storage")
    if missing:
        problems.extend([f"{name}: state {host.state} needs {', '.join(missing)}"])
        return host
    for option, check in _CHECKS.items():
        if merged[option] or option not in _OPTIONAL:
            problems.note(check, f"{name}: {option}", merged[option])
    if f"{params['http_port']}" == _port_at(params["challenge_host"], host.server_names):
        problems.extend([f"{name}: challenge_host would be sent to itself; leave it out there"])
    del merged["names"]
    for option in _OPTIONAL:
        merged[option] = merged[option] or ""
    for option in _DIRECTORIES:
        merged[option] = merged[option].rstrip("/")
    merged["snippet"] = problems.snippet(f"{name}: snippet", merged["snippet"])
    return VirtualHost(server_names=host.server_names, **merged)


def _port_at(challenge_host: str | None, names: Iterable[str]) -> str | None:
    """The port for challenges, if it is at one of these names."""
    name, _colon, port = (challenge_host or "").partition(":")
    return (port or "80") if name in names else None


def _shared_names(hosts: Iterable[VirtualHost]) -> Iterable[str]:
    """nginx gives a name to the first block that claims it and ignores the others."""
    owners: dict[str, str] = {}
    for host in hosts:
        if host.state in ("absent", "disabled"):
            continue
        for name in host.server_names:
            owner = owners.setdefault(name, host.name)
            if owner != host.name:
                yield f"{owner} and {host.name} both claim the name {name}; leave it to one"


class _Problems:
    """Everything that is wrong, so that one run tells all of it."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def note(self, check: Callable[..., None], *arguments: Any) -> None:
        try:
            check(*arguments)
        except ValueError as error:
            self._texts.append(str(error))

    def snippet(self, option: str, text: str | None) -> Snippet:
        try:
            return snippet(option, text or "")
        except ValueError as error:
            self._texts.append(str(error))
            return NO_SNIPPET

    def extend(self, texts: Iterable[str]) -> None:
        self._texts.extend(texts)

    def end(self) -> None:
        if self._texts:
            raise ItemsError("; ".join(dict.fromkeys(self._texts)))
