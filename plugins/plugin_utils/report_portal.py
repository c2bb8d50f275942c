# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report says of one portal: its state, what is wrong, and how bad that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_certificate import (
    Validity,
    certificate_facts,
    renewal_facts,
    validity_of,
    worst,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_place import (
    Drift,
    Place,
    drift,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_record import record_drift

LEVELS = ("bad", "attention", "good", "off")
"""How a portal is doing, the worst first; C(off) is disabled, and is meant to be."""

# What people of the portal notice, or will before long
_BAD_DRIFT = {"no_block", "no_certificate", "other_certificate_served"}
_THEME = ("colors", "page_title", "sender_address")


@dataclass
class Portal:
    """All that was found of a portal.

    :ivar entry: its tenant; None if the inventory has none
    :ivar record: what Modoboa has; None if it has nothing, or could not be asked
    :ivar was_asked: whether Modoboa was
    :ivar missing_hosts: hosts that should serve it, and could not be looked at, or not at all of it
    :ivar drift: what was found beside what a tenant should have
    """

    hostname: str
    instance: str
    entry: Mapping[str, Any] | None = None
    record: Mapping[str, Any] | None = None
    was_asked: bool = False
    places: list[Place] = field(default_factory=list)
    missing_hosts: list[str] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """All names of it."""
        return {self.hostname, *((self.entry or {}).get("certificate") or {}).get("names", ())}

    @property
    def enabled(self) -> bool:
        """Whether it is to be served: neither its tenant nor Modoboa says no."""
        recorded = True if self.record is None else self.record["enabled"]
        return bool(recorded) and not (self.entry or {}).get("disabled")

    @property
    def state(self) -> str:
        """The state by which people know it."""
        if self.entry is None:
            return "unlisted" if self.record else "leftover"
        if not self.enabled:
            return "disabled"
        if self.record is not None:
            return str(self.record["status"])
        if not self.was_asked:
            return "unknown"
        bare = all(place.is_bare for place in self.places)
        return "new" if bare and not self.missing_hosts else "unrecorded"

    def all_drift(self) -> list[Drift]:
        """How the inventory, Modoboa, nginx and the disk differ."""
        if self.entry is None:
            return self.drift
        if self.state == "new":
            return [drift("not_provisioned", "it is listed, but was never provisioned")]
        found = list(self.drift)
        if self.state == "unrecorded":
            found.append(drift("no_record", "Modoboa has no virtual host of that name"))
        if self.record is not None:
            found += record_drift(self.entry, self.record, self.places)
        for place in self.places:
            found += place.drift(self.names, self.enabled)
        return [*found, *self._drift_of_front_ends()]

    def _drift_of_front_ends(self) -> Iterator[Drift]:
        """Which hosts that only serve have not got the certificate that another one has obtained."""
        obtained = {
            place.valid_certificate["serial"]
            for place in self.places
            if place.issues and place.valid_certificate
        }
        for place in self.places:
            if obtained and not place.issues and place.served and place.served not in obtained:
                message = f"nginx serves another certificate ({place.served}) than was obtained"
                yield drift("other_certificate_served", message, place.host)

    def errors(self) -> Iterator[dict[str, str]]:
        """What last went wrong, with who says so."""
        if self.record and self.record["error"]:
            yield {"source": "Modoboa", "text": self.record["error"]}
        for place in self.places:
            last = ((place.certificate or {}).get("failures") or {}).get("last_error")
            # The chain has told Modoboa the same
            if last and not (self.record and last in self.record["error"]):
                yield {"source": f"certificate on {place.host}", "text": last}
            if place.nginx_error and self.enabled:
                yield {"source": f"nginx on {place.host}", "text": place.nginx_error}


def portal_facts(portal: Portal, now: datetime, danger_days: float) -> dict[str, Any]:
    """What the report says of it."""
    record, entry = portal.record, portal.entry or {}
    ending = worst(portal.places)
    validity = validity_of(ending, now, danger_days) if ending else None
    found = portal.all_drift()
    errors = list(portal.errors())
    listed = (entry.get("virtual_host") or {}).get("domains")
    return {
        "hostname": portal.hostname,
        "instance": portal.instance,
        "state": portal.state,
        "level": _level(portal, found, errors, validity),
        "names": sorted(portal.names - {portal.hostname}),
        "domains": list(record["domains"] if record else listed or ()),
        "hosts": [place.host for place in portal.places],
        "missing_hosts": list(portal.missing_hosts),
        "certificate": certificate_facts(ending, validity) if ending and validity else None,
        "recorded_until": record["certificate_valid_until"] if record else None,
        "renewal": renewal_facts(ending, portal.enabled) if ending else None,
        "errors": errors,
        "theme": _theme(entry.get("theme"), (record or {}).get("theme")),
        "drift": found,
    }


def _level(
    portal: Portal, found: list[Drift], errors: list[dict[str, str]], validity: Validity | None
) -> str:
    if not portal.enabled and portal.entry is not None:
        return "attention" if found else "off"
    in_danger = validity is not None and validity.level != "good"
    broken = any(each["kind"] in _BAD_DRIFT for each in found)
    if portal.state in ("failed", "unrecorded") or in_danger or broken:
        return "bad"
    incomplete = portal.state in ("pending", "new", "unknown", "unlisted", "leftover")
    return "attention" if incomplete or found or errors or portal.missing_hosts else "good"


def _theme(
    wanted: Mapping[str, Any] | None, there: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """What Modoboa shows, else what the tenant wants. C(logo) is the file that is shown for both."""
    shown = there or wanted
    if shown is None:
        return None
    files = (wanted or {}).get("logos") or {}
    logo = next((files[kind] for kind in ("login", "menu", "creation_form") if files.get(kind)), "")
    return {
        **{name: shown.get(name) for name in _THEME},
        "logos": sorted(kind for kind, value in shown["logos"].items() if value),
        "logo": logo,
    }
