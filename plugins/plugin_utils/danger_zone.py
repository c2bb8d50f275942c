# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when on a certificate that nobody has renewed is worth waking somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.moment import (
    moment_of,
    timestamp,
)

# Of a certificate's life, at most so much: one of six days is renewed at three, and has one left then
SHARE = 6
_ALWAYS = datetime(1970, 1, 1, tzinfo=timezone.utc)


def danger_zone(
    certificates: Iterable[Mapping[str, Any]], days: float, now: datetime | None = None
) -> list[dict[str, Any]]:
    """Say of each certificate when its danger zone begins, and whether it is in it.

    :param certificates: items with C(name), C(not_before) and C(not_after), as M(mailhost.modoboa.acme_cert)
        returns; without the moments there is no certificate that could be used
    :param days: how long before its end, but never more than a sixth of its life
    :param now: the present moment if not given
    :returns: per certificate C(name), C(not_after), C(danger_from), C(failed) if it is in danger, and then
        C(error), which is the same in each run
    """
    moment = now or datetime.now(timezone.utc)
    return [_look(certificate, timedelta(days=days), moment) for certificate in certificates]


def _look(certificate: Mapping[str, Any], most: timedelta, now: datetime) -> dict[str, Any]:
    beginning, end = certificate.get("not_before"), certificate.get("not_after")
    danger_from, error = _ALWAYS, "there is no certificate that could be used"
    if beginning and end:
        expiry = moment_of(end)
        danger_from = expiry - min(most, (expiry - moment_of(beginning)) / SHARE)
        ends = "has ended" if now >= expiry else "ends"
        error = f"its certificate {ends} {end}, and nobody has managed to renew it"
    in_danger = now >= danger_from
    return {
        "name": certificate["name"],
        "not_after": end,
        "danger_from": timestamp(danger_from),
        "failed": in_danger,
        "error": error if in_danger else None,
    }
