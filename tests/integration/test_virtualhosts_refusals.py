# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the chain refuses before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from integration.portal_site import PLAYBOOKS, Site


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"hostname": "Mail.juniper.test"}, "upper-case"),
        ({"hostname": "mail juniper.test"}, "malformed"),
        ({"theme": {"colors": {"primary": "blue"}}}, "not a hex colour"),
        ({"theme": {"logos": {"menu": "missing.png"}}}, "there is no file"),
    ],
)
def test_mistakes_are_refused_before_anything_is_touched(
    site: Site, change: dict[str, Any], complaint: str
) -> None:
    before = site.files()
    sound = {"hostname": "mail.kale.test", "domains": ["kale.test"]}
    site.tenants = [sound, {"hostname": "mail.juniper.test", "domains": ["juniper.test"], **change}]
    refused = site.run("provision")
    site.tenants = []
    assert refused.rc != 0
    assert complaint in refused.stdout
    assert "tenant 2" in refused.stdout
    assert site.files() == before
    assert not site.record("mail.kale.test")


def test_retire_insists_on_hostnames(site: Site) -> None:
    refused = site.run("retire")
    assert refused.rc != 0
    assert "Say which tenants to retire" in refused.stdout


@pytest.mark.parametrize("playbook", ["provision", "renew", "retire"])
@pytest.mark.parametrize("tenant", ["", " , ", []])
def test_an_empty_tenant_is_not_everybody(site: Site, playbook: str, tenant: Any) -> None:
    """A script's variable that is not set must not work on all of them."""
    site.tenants = [{"hostname": "mail.laurel.test", "domains": ["laurel.test"]}]
    refused = site.run(playbook, tenant=tenant)
    site.tenants = []
    assert (refused.rc != 0, refused.changed) == (True, 0)
    if playbook == "retire":
        assert "Say which tenants to retire" in refused.stdout
    else:
        assert "is there without a hostname" in refused.stdout


def test_without_consent_nothing_is_touched(site: Site, tmp_path: Path) -> None:
    tenant = site.add("woad")
    before = site.files()
    refused = site.run(
        "provision",
        virtualhosts_acme_terms_agreed=False,
        virtualhosts_storage=str(tmp_path / "storage"),
    )
    assert refused.rc != 0
    assert "terms" in refused.stdout
    assert refused.changed == 0
    assert site.files() == before
    assert not site.record(tenant["hostname"])


def test_two_hosts_of_an_instance_do_not_share_a_hostname(site: Site) -> None:
    tenant = {"hostname": "mail.yarrow.test", "domains": ["yarrow.test"]}
    url = site.bed.modoboa.url
    host = {"virtualhosts_tenants": [tenant], "virtualhosts_modoboa_url": url}
    variables = site.bed.variables()
    del variables["virtualhosts_modoboa_url"]
    refused = site.bed.ansible.run_playbook(
        PLAYBOOKS / "provision.yml",
        inventory={"modoboa": {"hosts": {"one": host, "two": host}}},
        extra_vars={"ansible_connection": "local", **variables},
    )
    assert refused.rc != 0
    assert refused.changed == 0
    assert "used twice, first by mail.yarrow.test of host two" in refused.stdout
