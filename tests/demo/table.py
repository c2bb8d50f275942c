# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary: one line a tenant, as Modoboa knows it."""

from __future__ import annotations

from bed.bed import Bed

from demo.example import Tenant

HEADINGS = ("portal", "status", "certificate until", "mail domains", "why")
WIDEST_REASON = 70


def render(bed: Bed, tenants: list[Tenant]) -> str:
    """A table of all tenants, from what was reported to Modoboa."""
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
                shorten(host["last_provisioning_error"] or ""),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def shorten(text: str) -> str:
    """The beginning of a long text."""
    return text if len(text) <= WIDEST_REASON else text[: WIDEST_REASON - 1].rstrip() + "…"
