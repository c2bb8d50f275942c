# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ``report`` finds, made up: hosts, records, and portals in every state."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report import build_report
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant import tenant_plan

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
INSTANCE = "https://mail.example.com"
BLANK = dict.fromkeys(("primary", "primary_light", "primary_dark", "secondary", "label"), "")


def at(days: float) -> str:
    """A moment, so many days from now."""
    return f"{NOW + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def a_tenant(hostname: str, **more: Any) -> dict[str, Any]:
    """A tenant as operators write it."""
    return {"hostname": hostname, "domains": [hostname.removeprefix("mail.")], **more}


def a_record(hostname: str, days: float | None = 60, **more: Any) -> dict[str, Any]:
    """What Modoboa has of it."""
    return {
        "name": hostname,
        "enabled": True,
        "domains": [hostname.removeprefix("mail.")],
        "status": "ready",
        "error": "",
        "certificate_valid_until": None if days is None else at(days),
        "theme": {
            "colors": dict(BLANK),
            "logos": dict.fromkeys(("login", "menu", "creation_form", "favicon")),
            "page_title": "",
            "sender_address": "",
        },
        **more,
    }


def a_certificate(hostname: str, days: float = 60, life: float = 90, **more: Any) -> dict[str, Any]:
    """What a host has of it."""
    return {
        "name": hostname,
        "present": True,
        "fault": None,
        "names": [hostname],
        "due": False,
        "adopted": False,
        "issuer": "CN=Test CA",
        "serial": "4a3f",
        "key_type": "P-256",
        "not_before": at(days - life),
        "not_after": at(days),
        "renewal": {"moment": at(days - life / 3), "source": "lifetime", "explanation": None},
        "failures": None,
        **more,
    }


def a_block(hostname: str, **more: Any) -> dict[str, Any]:
    """What nginx_vhost says of it in check mode."""
    served = {"serial": "4a3f", "not_after": at(60)}
    return {
        "name": hostname,
        "changed": False,
        "failed": False,
        "error": None,
        "pruned": False,
        "served": served,
        **more,
    }


def a_look(*tenants: dict[str, Any], host: str = "front", **more: Any) -> dict[str, Any]:
    """A host on which all is well, but for what is given."""
    names = [tenant["hostname"] for tenant in tenants]
    return {
        "host": host,
        "instance": INSTANCE,
        "issues": True,
        "reached": True,
        "problems": [],
        "tenants": [
            {**entry, "disabled": tenant.get("disabled", False)}
            for tenant, entry in zip(tenants, tenant_plan(tenants, "logos"), strict=True)
        ],
        "certificates": [a_certificate(name) for name in names],
        "blocks": names,
        "nginx": [a_block(name) for name in names],
        **more,
    }


def said(*records: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What Modoboa said."""
    return {INSTANCE: {"vhosts": list(records), "problem": ""}}


def report_of(*looks: dict[str, Any], records: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The report of what was found."""
    return build_report(looks, said(*records), now=more.pop("now", NOW), **more)


def every_state(logo: str) -> dict[str, Any]:
    """A report with a portal in every state, and a host and an instance that are missing.

    :param logo: file of a logo
    """
    colors = {"primary": "#1565c0", "secondary": "#ff8f00"}
    theme = {"colors": colors, "logos": {"login": logo}}
    echo = a_tenant("mail.echo.example", disabled=True)
    atlas = a_tenant("mail.atlas.example", names=["webmail.atlas.example"], theme=theme)
    labels = ["borea", "corvus", "delta", "fornax", "gemini", "hydra"]
    tenants = [atlas, *(a_tenant(f"mail.{label}.example") for label in labels)]
    tenants.insert(4, echo)
    names = [tenant["hostname"] for tenant in tenants]
    days = dict(zip(names, (61, 9, -3, 55, 40, 70, 30), strict=False))
    certificates = [a_certificate(name, left) for name, left in days.items()]
    certificates[0]["names"] = sorted(["webmail.atlas.example", names[0]])
    certificates[0]["renewal"] = {
        "moment": at(21),
        "source": "renewal_information",
        "explanation": "https://ca.example/incident",
    }
    certificates[1]["failures"] = {
        "count": 3,
        "last": at(-0.1),
        "last_error": "probe: the name leads to 192.0.2.9, where something else answers",
        "next_attempt": at(0.5),
    }
    records = [a_record(name, left) for name, left in days.items()]
    records[0]["theme"] |= {"colors": {**BLANK, **colors}, "page_title": "Atlas <Mail>"}
    records[2] |= {"status": "failed", "error": "certificate: <script>alert(1)</script>"}
    records[3]["certificate_valid_until"] = at(20)
    records[4]["enabled"] = False
    records[5]["domains"] = ["gemini.example", "zwilling.example"]
    records.append(a_record("mail.nobody.example", None, status="pending"))
    blocks = [a_block(name) for name in names]
    front = a_look(
        *tenants,
        certificates=[*certificates, a_certificate("mail.gone.example", 12)],
        blocks=[name for name in names[:7] if name != names[4]],
        nginx=[*blocks, a_block("mail.old.example", pruned=True, changed=True, file="old.conf")],
    )
    nobody = {"certificates": None, "blocks": None, "nginx": None}
    lost = a_look(atlas, host="edge", reached=False, problems=["no route to host"], **nobody)
    south = {"https://south.example.com": {"vhosts": None, "problem": "it cannot be reached"}}
    return build_report([front, lost], {**said(*records), **south}, now=NOW)
