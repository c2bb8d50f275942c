# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the record of a portal in Modoboa differs from what its tenant says, and from the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_place import (
    Drift,
    Place,
    drift,
)

Record = Mapping[str, Any]
"""An entry of M(mailhost.modoboa.modoboa_vhost_info)."""
Entry = Mapping[str, Any]
"""A tenant as P(mailhost.modoboa.tenant_plan#filter) has it."""

_TEXTS = ("page_title", "sender_address")


def record_drift(entry: Entry, record: Record, places: Iterable[Place]) -> Iterator[Drift]:
    """All differences.

    :param entry: the tenant
    :param record: what Modoboa has of it
    :param places: what was found on hosts
    """
    if record["enabled"] and entry.get("disabled"):
        yield drift("enabled_in_modoboa", "its tenant is disabled, but Modoboa has it enabled")
    elif not record["enabled"] and not entry.get("disabled"):
        message = "Modoboa has it disabled, its tenant has not; the next provisioning enables it"
        yield drift("disabled_in_modoboa", message)
    yield from _domains(entry, record)
    yield from _expiry(record, places)
    yield from _theme(entry["theme"], record.get("theme"))


def _domains(entry: Entry, record: Record) -> Iterator[Drift]:
    wanted, there = set(entry["virtual_host"]["domains"]), set(record["domains"])
    if wanted - there:
        domains = ", ".join(sorted(wanted - there))
        yield drift("domains_differ", f"Modoboa has not linked it with {domains}")
    if there - wanted:
        domains = ", ".join(sorted(there - wanted))
        yield drift("domains_differ", f"Modoboa has linked it with {domains}, which is not listed")


def _expiry(record: Record, places: Iterable[Place]) -> Iterator[Drift]:
    """Where several hosts tell Modoboa, any of their certificates may be the one."""
    recorded = record["certificate_valid_until"]
    told = {
        place.host: place.valid_certificate["not_after"]
        for place in places
        if place.tells and place.valid_certificate
    }
    if recorded in told.values():
        return
    for host, not_after in told.items():
        message = f"Modoboa was told of {_until(recorded)}, on disk is {_until(not_after)}"
        yield drift("other_certificate_recorded", message, host)


def _until(moment: str | None) -> str:
    return f"a certificate until {moment}" if moment else "no certificate"


def _theme(wanted: Mapping[str, Any], there: Mapping[str, Any] | None) -> Iterator[Drift]:
    """What is looked at is what both know: a server may not have every kind of logo."""
    if there is None:
        return
    differing = [
        f"colour {part}"
        for part, color in wanted["colors"].items()
        if (color or "").lower() != there["colors"].get(part, "")
    ]
    differing += [
        f"logo {kind}"
        for kind, path in wanted["logos"].items()
        if kind in there["logos"] and not _is_logo(path, there["logos"][kind])
    ]
    differing += [
        name.replace("_", " ")
        for name in _TEXTS
        if wanted.get(name) is not None and there.get(name) not in (None, wanted[name])
    ]
    if differing:
        yield drift("theme_differs", f"Modoboa has another {', '.join(differing)}")


def _is_logo(path: str, digest: str | None) -> bool:
    if not path:
        return digest is None
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest() == digest
    except OSError:
        return True  # the list of tenants has that mistake, which is told with the host
