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

UNKNOWN_THUMBPRINT = "known-when-the-account-has-been-registered-"
"""Stands for the thumbprint in check mode, when the account is still to be made."""

_DIRECTORIES = ("frontend_root", "static_root", "media_root")


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


@dataclass(frozen=True)
class Settings:
    """What all server blocks of a task have in common. All values were checked."""

    storage: str
    challenge: str
    thumbprint: str | None
    http_port: int
    https_port: int
    listen_addresses: tuple[str, ...]
    http2: str

    @property
    def port_suffix(self) -> str:
        """What follows a hostname in an HTTPS address."""
        return "" if self.https_port == 443 else f":{self.https_port}"

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
    problems.note(values.check_port, "http_port", params["http_port"])
    problems.note(values.check_port, "https_port", params["https_port"])
    for address in params["listen_addresses"]:
        problems.note(values.check_listen_address, "listen_addresses", address)
    if not params["listen_addresses"]:
        problems.extend(["listen_addresses is empty; name at least one address"])
    if params["storage"] is not None:
        problems.note(values.check_directory, "storage", params["storage"])
    thumbprint = params["thumbprint"] or None
    if params["challenge"] == "stateless" and _needs_blocks(params):
        if thumbprint is None and check_mode:
            thumbprint = UNKNOWN_THUMBPRINT
        problems.note(values.check_thumbprint, "thumbprint", thumbprint or "")
    problems.end()
    return Settings(
        storage=(params["storage"] or "").rstrip("/"),
        challenge=params["challenge"],
        thumbprint=thumbprint,
        http_port=params["http_port"],
        https_port=params["https_port"],
        listen_addresses=tuple(dict.fromkeys(params["listen_addresses"])),
        http2=params["http2"],
    )


def _needs_blocks(params: Mapping[str, Any]) -> bool:
    """Whether any host is to have a block, rather than to lose it."""
    return any(
        (item["state"] or params["state"]) != "absent" for item in params["vhosts"] or [params]
    )


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
    problems.note(values.check_application, f"{name}: application", merged["application"])
    problems.note(
        values.check_size, f"{name}: client_max_body_size", merged["client_max_body_size"]
    )
    for option in _DIRECTORIES:
        problems.note(values.check_directory, f"{name}: {option}", merged[option])
        merged[option] = merged[option].rstrip("/")
    del merged["names"]
    return VirtualHost(server_names=host.server_names, **merged)


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

    def extend(self, texts: Iterable[str]) -> None:
        self._texts.extend(texts)

    def end(self) -> None:
        if self._texts:
            raise ItemsError("; ".join(dict.fromkeys(self._texts)))
