# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One page about all portals: what the inventory wants, Modoboa knows, and hosts have."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.moment import timestamp
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_place import (
    Drift,
    Host,
    Look,
    drift,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_portal import (
    LEVELS,
    Portal,
    portal_facts,
)

Instances = Mapping[str, Mapping[str, Any]]
"""Address of a Modoboa → C(vhosts) from M(mailhost.modoboa.modoboa_vhost_info), or C(problem)."""

# What is different in a second run only because time goes by
_OF_TIME = ("days_left", "left", "due")


def build_report(
    looks: Iterable[Look],
    instances: Instances,
    listed: Iterable[str] = (),
    danger_days: float = 10,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Put together all that was found.

    :param looks: what was found on each host
    :param instances: what Modoboa said
    :param listed: hostnames that are tenants of any host, also of hosts that were not looked at
    :param danger_days: how many days before its end a certificate is in danger
    :param now: the present moment if not given
    :returns: see P(mailhost.modoboa.report#filter)
    """
    now = now or datetime.now(timezone.utc)
    hosts = [Host.of(look) for look in looks]
    portals = _portals(hosts, {url.rstrip("/"): said for url, said in instances.items()}, listed)
    tenants = [portal_facts(portal, now, danger_days) for portal in portals]
    tenants.sort(key=lambda each: (LEVELS.index(each["level"]), each["hostname"]))
    content = {
        "hosts": [_host_facts(host) for host in hosts],
        "instances": [_instance_facts(url, said) for url, said in sorted(instances.items())],
        "tenants": tenants,
    }
    return {
        "generated": timestamp(now),
        "danger_days": danger_days,
        "counts": _counts(tenants),
        **content,
        "digest": _digest(content),
    }


def _portals(hosts: list[Host], instances: Instances, listed: Iterable[str]) -> list[Portal]:
    """Everything that is a portal for anybody, each with all that was found of it."""
    found: dict[tuple[str, str], Portal] = {}
    for host in hosts:
        said = instances.get(host.instance, {})
        for hostname, entry in host.tenants.items():
            portal = found.setdefault(
                (host.instance, hostname), Portal(hostname, host.instance, entry)
            )
            portal.was_asked = said.get("vhosts") is not None
            place = host.place(hostname)
            if host.reached:
                portal.places.append(place)
            if not (host.reached and place.was_seen):
                portal.missing_hosts.append(host.name)
    known = {hostname for _instance, hostname in found} | set(listed)
    for url, said in instances.items():
        for record in said.get("vhosts") or ():
            name = record["name"]
            if (url, name) in found:
                found[url, name].record = record
            elif name not in known:
                extra = [drift("no_tenant", "Modoboa has it, but no tenant of the inventory does")]
                found[url, name] = Portal(name, url, None, record, was_asked=True, drift=extra)
    for host in hosts:
        for hostname, left in host.leftovers():
            key = (host.instance, hostname)
            found.setdefault(key, Portal(hostname, host.instance)).drift.append(left)
    return list(found.values())


def _host_facts(host: Host) -> dict[str, Any]:
    return {
        "host": host.name,
        "instance": host.instance,
        "reached": host.reached,
        "problems": list(host.problems),
        "tenants": len(host.tenants),
    }


def _instance_facts(url: str, said: Mapping[str, Any]) -> dict[str, Any]:
    vhosts = said.get("vhosts")
    return {
        "url": url.rstrip("/"),
        "reached": vhosts is not None,
        "problem": said.get("problem") or "",
        "virtual_hosts": len(vhosts or ()),
    }


def _counts(tenants: list[dict[str, Any]]) -> dict[str, int]:
    drifts: list[Drift] = [each for tenant in tenants for each in tenant["drift"]]
    levels = {level: sum(each["level"] == level for each in tenants) for level in LEVELS}
    return {"tenants": len(tenants), **levels, "drift": len(drifts)}


def _digest(content: Any) -> str:
    """The same as long as only time goes by."""
    text = json.dumps(_without_time(content), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _without_time(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {k: _without_time(v) for k, v in content.items() if k not in _OF_TIME}
    if isinstance(content, (list, tuple)):
        return [_without_time(each) for each in content]
    return content
