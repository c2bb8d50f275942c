# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tenant as operators write it in their inventory, and what the chain makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.moment import timestamp
from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import (
    HostnameError,
    check_hostname,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant_block import (
    Logs,
    Tenant,
    server_block,
    server_block_errors,
)

Failures = Mapping[str, Mapping[str, str]]

_COLORS = ("primary", "primary_light", "primary_dark", "secondary", "label")
_LOGOS = ("login", "menu", "creation_form")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


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
    errors: list[str] = []
    owners = _Owners()
    for host, others in (neighbours or {}).items():
        for tenant in others:
            if not any(_type_errors(tenant)):
                list(owners.claim(tenant, f"{tenant['hostname']} of host {host}"))
    for position, tenant in enumerate(tenants, start=1):
        where = f"tenant {position} ({tenant['hostname']})"
        found = list(_type_errors(tenant))
        if not found:
            found = [*_errors_of(tenant, Path(logo_directory), logs)]
            found += owners.claim(tenant, tenant["hostname"])
        errors += [f"{where}: {error}" for error in found]
    return errors


def tenant_plan(
    tenants: Iterable[Tenant],
    logo_directory: str,
    only: Iterable[str] = (),
    logs: Logs | None = None,
) -> list[dict[str, Any]]:
    """What each step of the chain needs of each tenant, in the words of the step's module.

    :param tenants: tenants without errors
    :param logo_directory: what relative logo paths are relative to
    :param only: hostnames of the tenants to work on; empty means all of them
    :param logs: C(access_log) and C(error_log) of who names none; in them C({hostname}) stands for
        the tenant's hostname
    :returns: per tenant C(hostname), C(virtual_host), C(server_block), C(certificate), C(theme)
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
        _plan_of(tenant, Path(logo_directory), logs)
        for tenant in tenants
        if not wanted or tenant["hostname"] in wanted
    ]


def tenant_failures(
    results: Iterable[Mapping[str, Any]], step: str, way: str = "", now: datetime | None = None
) -> dict[str, dict[str, str]]:
    """The failed ones among a module's per-item results.

    :param results: items with C(name), C(failed) and C(error)
    :param step: the step of the chain the results belong to
    :param way: to try at once what is left alone for a while otherwise, such as C(retry=true)
    :param now: the present moment if not given
    :returns: hostname → C(step), C(error), and C(message), which puts all three in a line and
        adds when it is tried again; the time is in no C(error), which is the same in each run
    """
    moment = timestamp(now or datetime.now(timezone.utc))
    return {
        result["name"]: _failure_of(result, step, way, moment)
        for result in results
        if result.get("failed")
    }


def tenant_reports(
    plan: Iterable[Mapping[str, Any]],
    failures: Failures,
    certificates: Iterable[Mapping[str, Any]],
    provisioned: bool = True,
) -> list[dict[str, Any]]:
    """What to tell Modoboa about each tenant at the end of the chain.

    :param plan: from :func:`tenant_plan`, less the tenants that Modoboa has no record of
    :param failures: hostname → step and error
    :param certificates: results of M(mailhost.modoboa.acme_cert)
    :param provisioned: whether the whole chain was run, so that who did not fail is C(ready);
        otherwise only the expiry is told of them
    :returns: items for M(mailhost.modoboa.modoboa_vhost)
    """
    valid_until = {item["name"]: item.get("not_after") for item in certificates}
    reports = []
    for entry in plan:
        hostname = entry["hostname"]
        report = {"name": hostname}
        if hostname in failures:
            failure = failures[hostname]
            report["status"] = "failed"
            report["error"] = f"{failure['step']}: {failure['error']}"
        elif provisioned:
            report["status"] = "ready"
        if valid_until.get(hostname):
            report["certificate_valid_until"] = valid_until[hostname]
        reports.append(report)
    return reports


def _failure_of(result: Mapping[str, Any], step: str, way: str, moment: str) -> dict[str, str]:
    error = result["error"]
    message = ": ".join(part for part in (result["name"], step, error) if part)
    return {"step": step, "error": error, "message": message + _pause_of(result, way, moment)}


def _pause_of(result: Mapping[str, Any], way: str, moment: str) -> str:
    """Say until when a certificate that failed is left alone, as M(mailhost.modoboa.acme_cert) does."""
    # moments in this form compare like their texts
    next_attempt = (result.get("failures") or {}).get("next_attempt") or ""
    if next_attempt <= moment:
        return ""
    if (result.get("problem") or {}).get("retry_after") is not None:
        # only force overrides what the CA has asked for
        way = "the CA has asked for that"
    elif way:
        way += " tries now"
    return f" (not tried again before {'; '.join(part for part in (next_attempt, way) if part)})"


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


def _type_errors(tenant: Tenant) -> Iterator[str]:
    """What YAML makes of a missing dash or missing quotes."""
    for key in ("domains", "names"):
        value = tenant.get(key)
        if value is not None and not _is_list_of_texts(value):
            yield f"{key} is {value!r}; write it as a list, such as [a.example, b.example]"
    theme = tenant.get("theme") or {}
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


def _errors_of(tenant: Tenant, logo_directory: Path, logs: Logs | None) -> Iterator[str]:
    malformed = list(_malformed_names(_names_of(tenant)))
    yield from malformed
    if not malformed:
        yield from server_block_errors(tenant, logs)
    if not tenant["domains"]:
        yield "no mail domain is named; at least one decides who may log in"
    yield from (f"mail domain: {error}" for error in _malformed_names(tenant["domains"]))
    theme = tenant.get("theme") or {}
    for part, color in (theme.get("colors") or {}).items():
        if not _COLOR.fullmatch(color):
            yield f"colour {part} is {color!r}, not a hex colour such as #1565c0"
    for part, logo in (theme.get("logos") or {}).items():
        path = logo_directory / logo
        if not path.is_file():
            yield f"logo {part}: there is no file {path} on the controller"


def _malformed_names(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        try:
            check_hostname(name)
        except HostnameError as error:
            yield str(error)


def _plan_of(tenant: Tenant, logo_directory: Path, logs: Logs | None) -> dict[str, Any]:
    hostname = tenant["hostname"]
    names = list(tenant.get("names") or [])
    theme = tenant.get("theme") or {}
    logos = theme.get("logos") or {}
    return {
        "hostname": hostname,
        "virtual_host": {"name": hostname, "domains": list(tenant.get("domains") or [])},
        "server_block": server_block(tenant, logs),
        "certificate": {"name": hostname, "names": names},
        "theme": {
            "name": hostname,
            # What is left out is reset, so that the inventory is the whole truth
            "colors": {**dict.fromkeys(_COLORS, ""), **(theme.get("colors") or {})},
            "logos": {
                **dict.fromkeys(_LOGOS, ""),
                **{part: str(logo_directory / logo) for part, logo in logos.items()},
            },
        },
    }


def _names_of(tenant: Tenant) -> list[str]:
    return [tenant["hostname"], *(tenant.get("names") or [])]
