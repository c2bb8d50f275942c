# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What a provisioner reports about virtual hosts: how far it is, and until when certificates last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict

from .models import ProvisioningStatus, VirtualHost

# How many names one query asks for: databases limit the parameters of a query
_CHUNK = 500


class Report(TypedDict, total=False):
    """The state of one virtual host; what a report leaves out stays as it is recorded.

    An error goes with a status, so without ``status`` the recorded error stays as well.
    """

    name: str
    status: str
    error: str
    certificate_valid_until: datetime | None


def find_all(names: Iterable[str]) -> dict[str, VirtualHost]:
    """Return the virtual hosts of these names, by name; unknown names are left out.

    They are locked, in the order of their names, until the transaction that this is called in ends:
    nobody deletes one before something is written into it or linked to it.
    """
    wanted = sorted(names)
    virtual_hosts = VirtualHost.objects.select_for_update().order_by("name")
    return {
        virtual_host.name: virtual_host
        for start in range(0, len(wanted), _CHUNK)
        for virtual_host in virtual_hosts.filter(name__in=wanted[start : start + _CHUNK])
    }


def record(virtual_host: VirtualHost, report: Report) -> set[str]:
    """Write a report into a record, without saving it.

    :return: the fields that say something else now
    """
    values: dict[str, object] = {}
    if "status" in report:
        failed = report["status"] == ProvisioningStatus.FAILED
        values["provisioning_status"] = report["status"]
        values["last_provisioning_error"] = report.get("error", "") if failed else ""
    if "certificate_valid_until" in report:
        values["certificate_valid_until"] = report["certificate_valid_until"]
    changed = {name for name, value in values.items() if getattr(virtual_host, name) != value}
    for name in changed:
        setattr(virtual_host, name, values[name])
    return changed


def save_all(changed: Mapping[VirtualHost, set[str]]) -> None:
    """Save records that something was written into.

    :param changed: the fields of each that say something else; the others are not written, since
        another request may have changed them in the meantime
    """
    alike: dict[frozenset[str], list[VirtualHost]] = {}
    for virtual_host, fields in changed.items():
        if fields:
            alike.setdefault(frozenset(fields), []).append(virtual_host)
    for names, virtual_hosts in alike.items():
        # Sends no signal; what has to be known elsewhere, changes.py notices
        VirtualHost.objects.bulk_update(virtual_hosts, sorted(names), batch_size=100)
