# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tenant as operators write it in their inventory, and what the chain makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.hostname import (
    HostnameError,
    check_hostname,
)

Tenant = Mapping[str, Any]
Failures = Mapping[str, Mapping[str, str]]

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def tenant_errors(tenants: Iterable[Tenant], logo_directory: str) -> list[str]:
    """Everything that is wrong with a list of tenants, found before anything is touched.

    :param tenants: the tenants; their types were checked by the role's argument specification
    :param logo_directory: what relative logo paths are relative to, on the controller
    :returns: one sentence a mistake, each naming the tenant; empty if all is well
    """
    errors: list[str] = []
    owners = _Owners()
    for position, tenant in enumerate(tenants, start=1):
        hostname = tenant["hostname"]
        where = f"tenant {position} ({hostname})"
        errors += [f"{where}: {error}" for error in _errors_of(tenant, Path(logo_directory))]
        errors += [f"{where}: {error}" for error in owners.claim(tenant)]
    return errors


def tenant_plan(
    tenants: Iterable[Tenant], logo_directory: str, only: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """What each step of the chain needs of each tenant, in the words of the step's module.

    :param tenants: tenants without errors
    :param logo_directory: what relative logo paths are relative to
    :param only: hostnames of the tenants to work on; empty means all of them
    :returns: per tenant C(hostname), C(virtual_host), C(server_block), C(certificate), C(theme)
    :raises ValueError: C(only) names a hostname that no tenant has
    """
    tenants = list(tenants)
    wanted = set(only)
    unknown = wanted - {tenant["hostname"] for tenant in tenants}
    if unknown:
        raise ValueError(
            f"no tenant has the hostname {', '.join(sorted(unknown))};"
            " look for a slip of the pen in virtualhosts_only (or -e tenant=...)"
        )
    return [
        _plan_of(tenant, Path(logo_directory))
        for tenant in tenants
        if not wanted or tenant["hostname"] in wanted
    ]


def tenant_failures(results: Iterable[Mapping[str, Any]], step: str) -> dict[str, dict[str, str]]:
    """The failed ones among a module's per-item results.

    :param results: items with C(name), C(failed) and C(error)
    :param step: the step of the chain the results belong to
    :returns: hostname → C(step), C(error), and C(message), which puts all three in a line
    """
    return {
        result["name"]: _failure_of(result["name"], step, result["error"])
        for result in results
        if result.get("failed")
    }


def tenant_reports(
    plan: Iterable[Mapping[str, Any]],
    failures: Failures,
    certificates: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """What to tell Modoboa about each tenant at the end of the chain.

    :param plan: from :func:`tenant_plan`, less the tenants that Modoboa has no record of
    :param failures: hostname → step and error
    :param certificates: results of M(mailhost.modoboa.acme_cert)
    :returns: items for M(mailhost.modoboa.modoboa_vhost)
    """
    valid_until = {item["name"]: item.get("not_after") for item in certificates}
    reports = []
    for entry in plan:
        hostname = entry["hostname"]
        report = {"name": hostname, "status": "ready"}
        if hostname in failures:
            failure = failures[hostname]
            report["status"] = "failed"
            report["error"] = f"{failure['step']}: {failure['error']}"
        if valid_until.get(hostname):
            report["certificate_valid_until"] = valid_until[hostname]
        reports.append(report)
    return reports


def _failure_of(hostname: str, step: str, error: str) -> dict[str, str]:
    return {"step": step, "error": error, "message": f"{hostname}: {step}: {error}"}


class _Owners:
    """Who was first to claim a name: two tenants must not share one."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._domains: dict[str, str] = {}

    def claim(self, tenant: Tenant) -> Iterator[str]:
        hostname = tenant["hostname"]
        for name in _names_of(tenant):
            if name in self._names:
                yield f"the name {name} is used twice, first by {self._names[name]}"
            self._names.setdefault(name, hostname)
        for domain in tenant["domains"]:
            if domain in self._domains:
                yield (
                    f"the mail domain {domain} is named twice, first by {self._domains[domain]};"
                    " a domain belongs to one virtual host"
                )
            self._domains.setdefault(domain, hostname)


def _errors_of(tenant: Tenant, logo_directory: Path) -> Iterator[str]:
    for name in _names_of(tenant):
        try:
            check_hostname(name)
        except HostnameError as error:
            yield str(error)
    if not tenant["domains"]:
        yield "no mail domain is named; at least one decides who may log in"
    for domain in tenant["domains"]:
        try:
            check_hostname(domain)
        except HostnameError as error:
            yield f"mail domain: {error}"
    theme = _theme_of(tenant)
    for part, color in theme["colors"].items():
        if not _COLOR.fullmatch(color):
            yield f"colour {part} is {color!r}, not a hex colour such as #1565c0"
    for part, logo in theme["logos"].items():
        path = logo_directory / logo
        if not path.is_file():
            yield f"logo {part}: there is no file {path} on the controller"


def _plan_of(tenant: Tenant, logo_directory: Path) -> dict[str, Any]:
    hostname = tenant["hostname"]
    theme = _theme_of(tenant)
    logos = {part: str(logo_directory / logo) for part, logo in theme["logos"].items()}
    return {
        "hostname": hostname,
        "virtual_host": {"name": hostname, "domains": list(tenant.get("domains") or [])},
        "server_block": {"name": hostname, "names": list(tenant.get("names") or [])},
        "certificate": {"name": hostname, "names": list(tenant.get("names") or [])},
        "theme": {"name": hostname, "colors": theme["colors"], "logos": logos},
    }


def _names_of(tenant: Tenant) -> list[str]:
    return [tenant["hostname"], *(tenant.get("names") or [])]


def _theme_of(tenant: Tenant) -> dict[str, dict[str, str]]:
    """Colours and logos that are set; the argument specification fills the others with None."""
    theme = tenant.get("theme") or {}
    return {
        part: {key: value for key, value in (theme.get(part) or {}).items() if value is not None}
        for part in ("colors", "logos")
    }
