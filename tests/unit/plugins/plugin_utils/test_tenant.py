# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.tenant import (
    tenant_errors,
    tenant_failures,
    tenant_plan,
    tenant_reports,
)


def a_tenant(hostname: str = "mail.atlas.example", **more: Any) -> dict[str, Any]:
    domain = hostname.removeprefix("mail.")
    return {"hostname": hostname, "domains": [domain], "names": [], "theme": None, **more}


def test_sound_tenants_have_no_errors(tmp_path: Path) -> None:
    (tmp_path / "atlas.svg").write_text("<svg/>")
    theme = {
        "colors": {"primary": "#1565c0"},
        "logos": {"login": "atlas.svg", "menu": str(tmp_path / "atlas.svg")},
    }
    tenants = [
        a_tenant(theme=theme, names=["webmail.atlas.example"]),
        a_tenant("mail.borea.example"),
    ]
    assert tenant_errors(tenants, str(tmp_path)) == []


@pytest.mark.parametrize(
    ("tenant", "error"),
    [
        (a_tenant("Mail.atlas.example", domains=["atlas.example"]), "upper-case"),
        (a_tenant("mail..example", domains=["atlas.example"]), "malformed"),
        (a_tenant("mail.atlas.example", names=["web mail.atlas.example"]), "malformed"),
        (a_tenant("mail.atlas.example", domains=[]), "no mail domain"),
        (a_tenant("mail.atlas.example", domains=["Atlas.example"]), "upper-case"),
        (a_tenant(theme={"colors": {"primary": "blue"}}), "not a hex colour"),
        (a_tenant(theme={"colors": {"primary": "#15c"}}), "not a hex colour"),
        (a_tenant(theme={"logos": {"login": "missing.svg"}}), "there is no file"),
        (a_tenant(names=["mail.atlas.example"]), "used twice"),
        (a_tenant(domains="atlas.example"), "write it as a list"),
        (a_tenant(names="webmail.atlas.example"), "write it as a list"),
        (a_tenant(theme={"colors": {"primary": None}}), "write it in quotes"),
        (a_tenant(theme={"colors": {"primary": 112233}}), "write it in quotes"),
        (a_tenant(theme={"logos": {"login": None}}), "not a path"),
        (a_tenant(nginx={"client_max_body_size": "many"}), "nginx: client_max_body_size 'many'"),
    ],
)
def test_a_mistake_is_named_with_its_tenant(
    tenant: dict[str, Any], error: str, tmp_path: Path
) -> None:
    errors = tenant_errors([a_tenant("mail.borea.example"), tenant], str(tmp_path))
    assert len(errors) == 1
    assert error in errors[0]
    assert errors[0].startswith(f"tenant 2 ({tenant['hostname']})")


def test_two_tenants_share_neither_name_nor_domain() -> None:
    errors = tenant_errors([a_tenant(), a_tenant()], "logos")
    assert len(errors) == 2
    assert "the name mail.atlas.example is used twice" in errors[0]
    assert "the mail domain atlas.example is named twice" in errors[1]


def test_hosts_of_one_instance_share_neither_name_nor_domain() -> None:
    errors = tenant_errors([a_tenant()], "logos", {"front2": [a_tenant()]})
    assert len(errors) == 2
    assert "first by mail.atlas.example of host front2" in errors[0]


def test_all_mistakes_are_found_at_once() -> None:
    tenants = [
        a_tenant("UPPER.example"),
        a_tenant(theme={"colors": {"primary": "x", "label": "y"}}),
    ]
    assert len(tenant_errors(tenants, "logos")) == 4  # the domain UPPER.example is one, too


def test_the_plan_has_an_item_for_each_module() -> None:
    theme = {"colors": {"primary": "#1565c0"}, "logos": {"login": "atlas.svg"}}
    (entry,) = tenant_plan([a_tenant(theme=theme, names=["webmail.atlas.example"])], "logos")
    assert entry == {
        "hostname": "mail.atlas.example",
        "virtual_host": {"name": "mail.atlas.example", "domains": ["atlas.example"]},
        "server_block": {"name": "mail.atlas.example", "names": ["webmail.atlas.example"]},
        "certificate": {"name": "mail.atlas.example", "names": ["webmail.atlas.example"]},
        "theme": {
            "name": "mail.atlas.example",
            "colors": {
                "primary": "#1565c0",
                "primary_light": "",
                "primary_dark": "",
                "secondary": "",
                "label": "",
            },
            "logos": {"login": "logos/atlas.svg", "menu": "", "creation_form": ""},
        },
    }


def test_the_plan_can_be_limited_to_some_tenants() -> None:
    tenants = [a_tenant(), a_tenant("mail.borea.example")]
    (entry,) = tenant_plan(tenants, "logos", ["mail.borea.example"])
    assert entry["hostname"] == "mail.borea.example"


def test_an_empty_hostname_is_not_everybody() -> None:
    with pytest.raises(ValueError, match="is there without a hostname"):
        tenant_plan([a_tenant()], "logos", [""])


def test_an_unknown_tenant_is_no_silent_success() -> None:
    with pytest.raises(ValueError, match=r"no tenant has the hostname mail\.zeta\.example"):
        tenant_plan([a_tenant()], "logos", ["mail.zeta.example"])


def test_failures_carry_the_step_of_the_chain() -> None:
    results = [
        {"name": "a.example", "failed": False, "error": None},
        {"name": "b.example", "failed": True, "error": "broken"},
        {"name": "c.example", "failed": True, "error": "stale"},
    ]
    failures = tenant_failures(results, "final block")
    assert list(failures) == ["b.example", "c.example"]
    assert failures["b.example"]["message"] == "b.example: final block: broken"
    assert failures["c.example"]["step"] == "final block"


@pytest.mark.parametrize(
    ("next_attempt", "problem", "told"),
    [
        (None, None, ""),
        ("2026-11-24T14:59:59Z", None, ""),
        (
            "2026-11-24T15:10:00Z",
            None,
            " (not tried again before 2026-11-24T15:10:00Z; retry=true tries now)",
        ),
        (
            "2026-11-24T15:10:00Z",
            {"retry_after": 600.0},
            " (not tried again before 2026-11-24T15:10:00Z; the CA has asked for that)",
        ),
    ],
)
def test_a_certificate_that_is_left_alone_for_a_while_says_until_when(
    next_attempt: str | None, problem: dict[str, Any] | None, told: str
) -> None:
    result = {
        "name": "a.example",
        "failed": True,
        "error": "order: refused",
        "problem": problem,
        "failures": next_attempt and {"next_attempt": next_attempt},
    }
    now = datetime(2026, 11, 24, 15, tzinfo=timezone.utc)
    (failure,) = tenant_failures([result], "", "retry=true", now).values()
    assert failure["message"] == f"a.example: order: refused{told}"
    # what Modoboa is told is the same in each run
    assert failure["error"] == "order: refused"


def test_reports_say_ready_or_failed_and_until_when() -> None:
    plan = tenant_plan([a_tenant(), a_tenant("mail.borea.example")], "logos")
    failures = tenant_failures(
        [{"name": "mail.borea.example", "failed": True, "error": "refused"}], "certificate"
    )
    certificates = [{"name": "mail.atlas.example", "not_after": "2027-01-01T00:00:00Z"}]
    assert tenant_reports(plan, failures, certificates) == [
        {
            "name": "mail.atlas.example",
            "status": "ready",
            "certificate_valid_until": "2027-01-01T00:00:00Z",
        },
        {"name": "mail.borea.example", "status": "failed", "error": "certificate: refused"},
    ]


def test_a_renewal_tells_expiries_and_failures_only() -> None:
    plan = tenant_plan([a_tenant(), a_tenant("mail.borea.example")], "logos")
    failures = tenant_failures(
        [{"name": "mail.borea.example", "failed": True, "error": "refused"}], "certificate"
    )
    certificates = [{"name": "mail.atlas.example", "not_after": "2027-01-01T00:00:00Z"}]
    assert tenant_reports(plan, failures, certificates, provisioned=False) == [
        {"name": "mail.atlas.example", "certificate_valid_until": "2027-01-01T00:00:00Z"},
        {"name": "mail.borea.example", "status": "failed", "error": "certificate: refused"},
    ]
