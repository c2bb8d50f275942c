# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each tenant in a step of the chain, and what Modoboa is told of it at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.moment import timestamp

Result = Mapping[str, Any]
"""Of one item, from any module of this collection that takes a list."""
Failures = Mapping[str, Mapping[str, str]]

_RENEWAL = "renewal: "
"""How errors begin that a renewal has reported, and that the next one that succeeds takes away."""


def tenant_failures(
    results: Iterable[Result], step: str, way: str = "", now: datetime | None = None
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
    certificates: Iterable[Result],
    provisioned: bool = True,
    recorded: Iterable[Result] = (),
) -> list[dict[str, Any]]:
    """What to tell Modoboa about each tenant at the end of the chain.

    :param plan: from P(mailhost.modoboa.tenant_plan#filter), less the tenants that Modoboa has no record of
    :param failures: hostname → step and error
    :param certificates: results of M(mailhost.modoboa.acme_cert)
    :param provisioned: whether the whole chain was run, so that who did not fail is C(ready). A renewal tells the
        expiry, and of who was C(ready) that it failed, or that its failure is mended: of what provisioning has left
        undone, nothing
    :param recorded: results of M(mailhost.modoboa.modoboa_vhost) from before; who is recorded so already is left out
    :returns: items for M(mailhost.modoboa.modoboa_vhost)
    """
    valid_until = {item["name"]: item.get("not_after") for item in certificates}
    known = {item["name"]: item for item in recorded}
    reports = []
    for entry in plan:
        hostname = entry["hostname"]
        report = {"name": hostname}
        record = known.get(hostname)
        failure = failures.get(hostname)
        if provisioned:
            report.update(_outcome(failure, record, disabled=entry["disabled"]))
        elif record is not None:
            report.update(_outcome_of_renewal(failure, record))
        if valid_until.get(hostname):
            report["certificate_valid_until"] = valid_until[hostname]
        if record is None or not _is_recorded(report, record):
            reports.append(report)
    return reports


def _outcome(
    failure: Mapping[str, str] | None, record: Result | None, *, disabled: bool
) -> dict[str, str]:
    if failure is not None:
        return {"status": "failed", "error": f"{failure['step']}: {failure['error']}"}
    if not disabled:
        return {"status": "ready"}
    # Nothing of it is online; and what went wrong before does not matter any more
    return {"status": "pending"} if record is not None and record["status"] == "failed" else {}


def _outcome_of_renewal(failure: Mapping[str, str] | None, record: Result) -> dict[str, str]:
    failed = record["status"] == "failed" and record["error_recorded"].startswith(_RENEWAL)
    if failure is None:
        return {"status": "ready"} if failed else {}
    if failed or record["status"] == "ready":
        error = f"{_RENEWAL}{failure['step']}: {failure['error']}"
        return {"status": "failed", "error": error}
    return {}


def _is_recorded(report: Mapping[str, str], record: Result) -> bool:
    there = {
        "name": record["name"],
        "status": record["status"],
        "error": record["error_recorded"],
        "certificate_valid_until": record["certificate_valid_until"],
    }
    # Whoever reports a status without an error takes the error away
    wanted = {"error": "", **report} if "status" in report else report
    return all(there[key] == value for key, value in wanted.items())


def _failure_of(result: Result, step: str, way: str, moment: str) -> dict[str, str]:
    error = result["error"]
    message = ": ".join(part for part in (result["name"], step, error) if part)
    return {"step": step, "error": error, "message": message + _pause_of(result, way, moment)}


def _pause_of(result: Result, way: str, moment: str) -> str:
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
