# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What a provisioner reports about virtual hosts: how far it is, and until when certificates last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from .models import ProvisioningStatus, VirtualHost

# How many names one query asks for: databases limit the parameters of a query
_CHUNK = 500
_FIELDS = ("provisioning_status", "last_provisioning_error", "certificate_valid_until")


class Report(TypedDict, total=False):
    """The state of one virtual host; without ``certificate_valid_until`` what is known of it stays."""

    name: str
    status: str
    error: str
    certificate_valid_until: datetime | None


def find_all(names: Iterable[str]) -> dict[str, VirtualHost]:
    """Return the virtual hosts of these names, by name; unknown names are left out."""
    wanted = list(names)
    return {
        virtual_host.name: virtual_host
        for start in range(0, len(wanted), _CHUNK)
        for virtual_host in VirtualHost.objects.filter(name__in=wanted[start : start + _CHUNK])
    }


def record(virtual_host: VirtualHost, report: Report) -> bool:
    """Write a report into a record, without saving it.

    :return: whether the record says something else now
    """
    status = report["status"]
    values: dict[str, object] = {
        "provisioning_status": status,
        "last_provisioning_error": (
            report.get("error", "") if status == ProvisioningStatus.FAILED else ""
        ),
    }
    if "certificate_valid_until" in report:
        values["certificate_valid_until"] = report["certificate_valid_until"]
    changed = any(getattr(virtual_host, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(virtual_host, name, value)
    return changed


def save_all(virtual_hosts: Iterable[VirtualHost]) -> None:
    """Save records that reports were written into."""
    # Nothing that hosts.py remembers is among these fields, so no change needs announcing
    VirtualHost.objects.bulk_update(virtual_hosts, _FIELDS, batch_size=100)
