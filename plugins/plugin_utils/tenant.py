# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tenant as operators write it in their inventory, and what each step of the chain needs of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import malformed
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant_block import (
    Logs,
    Tenant,
    faults_of_blocks,
    server_block,
)

_COLORS = ("primary", "primary_light", "primary_dark", "secondary", "label")
_LOGOS = ("login", "menu", "creation_form", "favicon")
_TEXTS = ("page_title", "sender_address")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def tenant_errors(
    tenants: Iterable[Tenant],
    logo_directory: str,
    neighbours: Mapping[str, Iterable[Tenant]] | None = None,
    logs: Logs | None = None,
) -> list[str]:
    """Everything that is wrong with a list of tenants, found before anything is touched.

    :param tenants: the tenants; the role's argument specification has looked for missing and
        unknown keys
    :param logo_directory: what relative logo paths are relative to, on the controller
    :param neighbours: other hosts of the same instance, with their tenants
    :param logs: as for :func:`tenant_plan`
    :returns: one sentence a mistake, each naming the tenant; empty if all is well
    """
    owners = _Owners()
    for host, others in (neighbours or {}).items():
        for tenant in others if isinstance(others, (list, tuple)) else []:
            # What is wrong with it, that host says itself
            if _is_readable(tenant):
                list(owners.claim(tenant, f"{tenant['hostname']} of host {host}"))
    tenants = [dict(tenant) for tenant in tenants]
    errors = [list(_type_errors(tenant)) for tenant in tenants]
    readable = [each for each in zip(tenants, errors, strict=True) if not each[1]]
    for tenant, found in readable:
        found += malformed(_names_of(tenant))
    named = [each for each in readable if not each[1]]
    faults = faults_of_blocks([tenant for tenant, _found in named], logs)
    for (_tenant, found), more in zip(named, faults, strict=True):
        found += more
    for tenant, found in readable:
        found += _errors_of(tenant, Path(logo_directory))
        found += owners.claim(tenant, tenant["hostname"])
    return [
        f"tenant {position} ({tenant['hostname']}): {error}"
        for position, (tenant, found) in enumerate(zip(tenants, errors, strict=True), start=1)
        for error in found
    ]


def tenant_plan(
    tenants: Iterable[Tenant],
    logo_directory: str,
    only: Iterable[str] = (),
    logs: Logs | None = None,
    closed: str = "disabled",
) -> list[dict[str, Any]]:
    """What each step of the chain needs of each tenant, in the words of the step's module.

    :param tenants: tenants without errors
    :param logo_directory: what relative logo paths are relative to
    :param only: hostnames of the tenants to work on; empty means all of them
    :param logs: C(access_log) and C(error_log) of who names none; in them C({hostname}) stands for
        the tenant's hostname
    :param closed: the state of a disabled tenant's server block
    :returns: per tenant C(hostname), C(disabled), C(virtual_host), C(server_block), C(certificate), C(theme)
    :raises ValueError: C(only) names a hostname that no tenant has, or is an empty one
    """
    tenants = list(tenants)
    wanted = set(only)
    if "" in wanted:
        raise ValueError(
            "virtualhosts_only (or -e tenant=...) is there without a hostname; name tenants, or leave it"
            " out to work on all of them"
        )
    unknown = wanted - {tenant["hostname"] for tenant in tenants}
    if unknown:
        raise ValueError(
            f"no tenant has the hostname {', '.join(sorted(unknown))};"
            " look for a slip of the pen in virtualhosts_only (or -e tenant=...)"
        )
    return [
        _plan_of(tenant, Path(logo_directory), logs, closed)
        for tenant in tenants
        if not wanted or tenant["hostname"] in wanted
    ]


class _Owners:
    """Who was first to claim a name: two tenants must not share one."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._domains: dict[str, str] = {}

    def claim(self, tenant: Tenant, owner: str) -> Iterator[str]:
        for name in _names_of(tenant):
            if name in self._names:
                yield f"the name {name} is used twice, first by {self._names[name]}"
            self._names.setdefault(name, owner)
        for domain in tenant["domains"]:
            if domain in self._domains:
                yield (
                    f"the mail domain {domain} is named twice, first by {self._domains[domain]};"
                    " a domain belongs to one virtual host"
                )
            self._domains.setdefault(domain, owner)


def _is_readable(tenant: Any) -> bool:
    """Whether it has the shape of a tenant, also where no argument specification has looked for it."""
    return (
        isinstance(tenant, Mapping)
        and isinstance(tenant.get("hostname"), str)
        and _is_list_of_texts(tenant.get("domains"))
        and _is_list_of_texts(tenant.get("names") or [])
    )


def _type_errors(tenant: Tenant) -> Iterator[str]:
    """What YAML makes of a missing dash or missing quotes."""
    for key in ("domains", "names"):
        value = tenant.get(key)
        if value is not None and not _is_list_of_texts(value):
            yield f"{key} is {value!r}; write it as a list, such as [a.example, b.example]"
    theme = tenant.get("theme") or {}
    for text in _TEXTS:
        if not isinstance(theme.get(text) or "", str):
            yield f"{text} is {theme[text]!r}, not a text"
    for part in ("colors", "logos"):
        for key, value in (theme.get(part) or {}).items():
            if not isinstance(value, str):
                yield (
                    f"{part}: {key} is {'empty' if value is None else repr(value)}; write it in"
                    ' quotes, such as "#1565c0", since YAML takes # for the start of a comment'
                    if part == "colors"
                    else f"{part}: {key} is {value!r}, not a path"
                )


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)


def _errors_of(tenant: Tenant, logo_directory: Path) -> Iterator[str]:
    if not tenant["domains"]:
        yield "no mail domain is named; at least one decides who may log in"
    yield from (f"mail domain: {error}" for error in malformed(tenant["domains"]))
    theme = tenant.get("theme") or {}
    for part, color in (theme.get("colors") or {}).items():
        if not _COLOR.fullmatch(color):
            yield f"colour {part} is {color!r}, not a hex colour such as #1565c0"
    for part, logo in (theme.get("logos") or {}).items():
        path = logo_directory / logo
        if not path.is_file():
            yield f"logo {part}: there is no file {path} on the controller"
    sender = theme.get("sender_address")
    if sender and not _ADDRESS.fullmatch(sender):
        yield f"sender_address is {sender!r}, not a mail address such as noreply@atlas.example"


def _plan_of(
    tenant: Tenant, logo_directory: Path, logs: Logs | None, closed: str
) -> dict[str, Any]:
    hostname = tenant["hostname"]
    virtual_host = {"name": hostname, "domains": list(tenant.get("domains") or [])}
    block = server_block(tenant, logs)
    # What the modules' own option says for all, no item may say otherwise, unless it is disabled
    disabled = boolean(tenant.get("disabled") or False)
    if disabled:
        virtual_host["state"] = "disabled"
        block["state"] = closed
    return {
        "hostname": hostname,
        "disabled": disabled,
        "virtual_host": virtual_host,
        "server_block": block,
        "certificate": {"name": hostname, "names": list(tenant.get("names") or [])},
        "theme": {"name": hostname, **_theme_of(tenant.get("theme") or {}, logo_directory)},
    }


def _theme_of(theme: Mapping[str, Any], logo_directory: Path) -> dict[str, Any]:
    """What is left out is reset, so that the inventory is the whole truth."""
    logos = {part: str(logo_directory / logo) for part, logo in (theme.get("logos") or {}).items()}
    return {
        "colors": {**dict.fromkeys(_COLORS, ""), **(theme.get("colors") or {})},
        "logos": {**dict.fromkeys(_LOGOS, ""), **logos},
        **{text: theme.get(text) or "" for text in _TEXTS},
    }


def _names_of(tenant: Tenant) -> list[str]:
    return [tenant["hostname"], *(tenant.get("names") or [])]
