# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as figures, in the text format that Prometheus's node exporter reads from files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.moment import moment_of
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_portal import LEVELS

Report = Mapping[str, Any]
Labels = Mapping[str, str]
Sample = tuple[Labels, float]

_PREFIX = "modoboa_portal"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def metrics(report: Report) -> str:
    """The whole file.

    :param report: from :func:`report.build_report`
    """
    tenants = report["tenants"]
    families: list[tuple[str, str, list[Sample]]] = [
        (
            f"{_PREFIX}_state",
            "The state of a portal; 1 for the one that it is in.",
            [({**_of(each), "state": each["state"]}, 1) for each in tenants],
        ),
        (
            f"{_PREFIX}_level",
            f"How a portal is doing; 1 for one of {', '.join(LEVELS)}.",
            [({**_of(each), "level": each["level"]}, 1) for each in tenants],
        ),
        (
            f"{_PREFIX}_certificate_not_after_timestamp_seconds",
            "When the certificate of a portal expires, the first one if hosts have several.",
            [
                (_of(each), _seconds(each["certificate"]["not_after"]))
                for each in _certified(report)
            ],
        ),
        (
            f"{_PREFIX}_certificate_renewal_timestamp_seconds",
            "When it is to be renewed.",
            [
                (_of(each), _seconds(each["renewal"]["moment"]))
                for each in tenants
                if each["renewal"]
            ],
        ),
        (
            f"{_PREFIX}_certificate_danger_timestamp_seconds",
            "From when on somebody has to do something, if it was not renewed by then.",
            [
                (_of(each), _seconds(each["certificate"]["danger_from"]))
                for each in _certified(report)
            ],
        ),
        (
            f"{_PREFIX}_certificate_in_danger",
            "Whether it is so close to its end, or past it, that somebody has to do something.",
            [
                (_of(each), float(each["certificate"]["level"] != "good"))
                for each in _certified(report)
            ],
        ),
        (f"{_PREFIX}_errors", "Errors that were recorded.", _numbers(tenants, "errors")),
        (
            f"{_PREFIX}_drift",
            "Differences between inventory, Modoboa, nginx and disk, by kind.",
            list(_drift(tenants)),
        ),
        (
            f"{_PREFIX}_report_portals",
            "How many portals are doing so.",
            [({"level": level}, report["counts"][level]) for level in LEVELS],
        ),
        (
            f"{_PREFIX}_report_host_reached",
            "Whether a host could be looked at.",
            [({"host": each["host"]}, float(each["reached"])) for each in report["hosts"]],
        ),
        (
            f"{_PREFIX}_report_server_reached",
            "Whether a Modoboa said what it has.",
            [({"modoboa": each["url"]}, float(each["reached"])) for each in report["instances"]],
        ),
        (
            f"{_PREFIX}_report_timestamp_seconds",
            "When all this was so.",
            [({}, _seconds(report["generated"]))],
        ),
    ]
    return "".join(line for family in families for line in _lines(*family))


def _lines(name: str, text: str, samples: list[Sample]) -> Iterator[str]:
    if not samples:
        return
    yield f"# HELP {name} {text}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        yield f"{name}{{{inside}}} {value:.15g}\n" if inside else f"{name} {value:.15g}\n"


def _escaped(label: str) -> str:
    return label.translate(_ESCAPES)


def _of(tenant: Mapping[str, Any]) -> Labels:
    # Not "instance", which Prometheus gives to all that it reads
    return {"portal": tenant["hostname"], "modoboa": tenant["instance"]}


def _certified(report: Report) -> list[Mapping[str, Any]]:
    # One that is disabled is not renewed, and nobody is to be called for it
    return [
        each for each in report["tenants"] if each["certificate"] and each["state"] != "disabled"
    ]


def _numbers(tenants: list[Mapping[str, Any]], what: str) -> list[Sample]:
    return [(_of(each), len(each[what])) for each in tenants]


def _drift(tenants: list[Mapping[str, Any]]) -> Iterator[Sample]:
    for tenant in tenants:
        kinds = [each["kind"] for each in tenant["drift"]]
        for kind in sorted(set(kinds)):
            yield {**_of(tenant), "kind": kind}, kinds.count(kind)


def _seconds(moment: str) -> float:
    return moment_of(moment).timestamp()
