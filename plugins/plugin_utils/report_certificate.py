# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a portal's certificate is doing: what is left of its life, and when and why it is renewed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.moment import (
    moment_of,
    timestamp,
)
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.danger_zone import danger_zone
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_place import Place

_DAY = timedelta(days=1)
_REASONS = {
    "renewal_information": "as its CA suggests",
    "renew_days": "as many days before its end as are wanted",
    "lifetime": "when two thirds of its life are over, or half of a short one",
}


@dataclass(frozen=True)
class Validity:
    """The life of a certificate, as of a moment."""

    not_before: datetime
    not_after: datetime
    renewal: datetime
    danger_from: datetime
    now: datetime
    in_danger: bool

    @property
    def days(self) -> int:
        """Whole days that it lives in all, at least one."""
        return max(round((self.not_after - self.not_before) / _DAY), 1)

    @property
    def days_left(self) -> int:
        """Whole days that are left, negative if it has expired."""
        return (self.not_after - self.now) // _DAY

    @property
    def left(self) -> int:
        """What is left of its life, in percent."""
        return self._share(self.not_after - self.now)

    @property
    def left_at_renewal(self) -> int:
        """What will be left of it when it is renewed, in percent."""
        return self._share(self.not_after - self.renewal)

    @property
    def level(self) -> str:
        """C(good), C(danger) or C(expired)."""
        if self.now >= self.not_after:
            return "expired"
        return "danger" if self.in_danger else "good"

    def _share(self, part: timedelta) -> int:
        life = self.not_after - self.not_before
        return 0 if life <= timedelta(0) else round(100 * min(max(part / life, 0), 1))


def worst(places: Iterable[Place]) -> Place | None:
    """The place whose certificate ends first; None if there is no certificate anywhere."""
    there = [place for place in places if place.valid_certificate]
    return min(there, key=lambda place: _found(place)["not_after"], default=None)


def validity_of(place: Place, now: datetime, danger_days: float) -> Validity:
    """The life of a place's certificate."""
    found = _found(place)
    not_after = moment_of(found["not_after"])
    renewal = found.get("renewal")
    (zone,) = danger_zone([found], danger_days, now)
    return Validity(
        not_before=moment_of(found["not_before"]),
        not_after=not_after,
        renewal=moment_of(renewal["moment"]) if renewal else not_after,
        danger_from=moment_of(zone["danger_from"]),
        now=now,
        in_danger=zone["failed"],
    )


def certificate_facts(place: Place, validity: Validity) -> dict[str, Any]:
    """What the report says of it."""
    found = _found(place)
    return {
        "host": place.host,
        **{key: found[key] for key in ("not_before", "not_after", "issuer", "serial", "key_type")},
        "days_left": validity.days_left,
        "days": validity.days,
        "left": validity.left,
        "left_at_renewal": validity.left_at_renewal,
        "danger_from": timestamp(validity.danger_from),
        "level": validity.level,
    }


def renewal_facts(place: Place, enabled: bool) -> dict[str, Any] | None:
    """When the next renewal is, and why then; None if there will be none."""
    found = _found(place)
    renewal, failures = found.get("renewal"), found.get("failures")
    if not renewal or not enabled or not place.issues:
        return None
    reason = _REASONS.get(renewal["source"], renewal["source"])
    if renewal.get("explanation"):
        reason += f" ({renewal['explanation']})"
    return {
        "moment": renewal["moment"],
        "source": renewal["source"],
        "reason": reason,
        "due": bool(found.get("due")),
        "not_before": (failures or {}).get("next_attempt"),
    }


def _found(place: Place) -> Mapping[str, Any]:
    return place.valid_certificate or {}
