# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary: one line a tenant, as Modoboa knows it, and under it why some failed."""

from __future__ import annotations

import textwrap

from bed.bed import Bed

from demo.example import Tenant

HEADINGS = ("portal", "status", "certificate until", "mail domains")
WIDTH = 100


def render(bed: Bed, tenants: list[Tenant]) -> str:
    """A table of all tenants, with the reasons of failures, from what was reported to Modoboa."""
    answer = bed.modoboa.request("GET", "virtualhosts/", params={"page_size": 1000}).json()
    hosts = {host["name"]: host for host in answer["results"]}
    rows = [HEADINGS]
    for tenant in tenants:
        host = hosts[tenant.hostname]
        rows.append(
            (
                f"https://{tenant.hostname}:{bed.nginx.https_port}",
                host["provisioning_status"],
                (host["certificate_valid_until"] or "-")[:10],
                ", ".join(domain["name"] for domain in host["domains"]),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    for host in hosts.values():
        if host["last_provisioning_error"]:
            lines += ["", f"{host['name']} failed:"]
            lines += textwrap.wrap(
                host["last_provisioning_error"], WIDTH, initial_indent="  ", subsequent_indent="  "
            )
    return "\n".join(lines)
