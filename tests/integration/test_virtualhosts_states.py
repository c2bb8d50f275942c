# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants that are disabled, that failed, that stay online meanwhile, and that go for good."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.certificate import read_chain
from bed.ansible import Run
from bed.ports import LOOPBACK
from demo import visitor
from integration.portal_site import PASSWORD, Site, changes, failure_message

P384: dict[str, Any] = {"virtualhosts_key_type": "P-384"}


def chain_of(site: Site, hostname: str) -> Path:
    return site.bed.storage / "certs" / hostname / "fullchain.pem"


def theme_of(site: Site, hostname: str) -> dict[str, Any]:
    pk = site.record(hostname)["pk"]
    found: dict[str, Any] = site.bed.modoboa.request("GET", f"virtualhosts/{pk}/theme/").json()
    return found


def issued(run: Run) -> list[str]:
    """Whom the CA was to be asked for."""
    results = run.task("Obtain certificates") + run.task("Renew the certificates that are due")
    return [item["name"] for each in results for item in each.result.get("certificates", [])]


def test_a_disabled_tenant_keeps_everything_and_serves_nothing(site: Site) -> None:
    tenant = site.add("alnus", theme={"colors": {"primary": "#123456"}})
    other = site.add("birch")
    hostname = tenant["hostname"]
    assert site.run("provision").rc == 0
    before, chain = site.files(), chain_of(site, hostname).read_bytes()

    tenant["disabled"] = True
    predicted = site.run("provision", check=True)
    assert site.block(hostname).exists()
    done = site.run("provision")
    assert done.rc == 0, done.stdout
    assert changes(predicted) == changes(done)
    assert site.run("provision").changed == 0

    assert before - site.files() == {site.block(hostname)}
    assert visitor.is_refused(site.bed, hostname)
    record = site.record(hostname)
    assert (record["enabled"], record["provisioning_status"]) == (False, "ready")
    assert record["certificate_valid_until"]
    assert theme_of(site, hostname)["theme_primary_color"] == "#123456"
    assert visitor.certificate(site.bed, other["hostname"]).names

    renewed = site.run("renew", **P384)
    assert renewed.rc == 0, renewed.stdout
    assert issued(renewed) == [other["hostname"]]
    assert chain_of(site, hostname).read_bytes() == chain
    assert not site.block(hostname).exists()

    tenant["disabled"] = False
    again = site.run("provision", **P384)
    assert again.rc == 0, again.stdout
    assert site.run("provision", **P384).changed == 0
    assert site.record(hostname)["enabled"] is True
    assert site.bed.login(hostname, "admin@alnus.test", PASSWORD).ok


@pytest.mark.extended
def test_a_tenant_may_be_disabled_from_the_start(site: Site) -> None:
    tenant = site.add("cork", disabled=True)
    # All its domains are elsewhere, and stay there as long as it is not online
    waiting = site.add("dill", disabled=True)
    site.bed.modoboa.request("POST", "domains/", json={"name": "x.dill.test", "quota": "0"})
    waiting["domains"].append("x.dill.test")
    owner = site.add("edel")
    owner["domains"] += waiting["domains"]
    waiting["domains"], listed = [], waiting["domains"]
    site.tenants.remove(waiting)
    assert site.run("provision").rc == 0
    assert site.record(tenant["hostname"])["enabled"] is False
    assert site.record(tenant["hostname"])["provisioning_status"] == "pending"
    assert not chain_of(site, tenant["hostname"]).exists()
    assert visitor.is_refused(site.bed, tenant["hostname"])

    site.tenants.append(waiting)
    owner["domains"], waiting["domains"] = owner["domains"][:1], listed
    assert site.run("provision").rc == 0
    assert not site.record(waiting["hostname"])
    assert site.run("provision").changed == 0


@pytest.mark.extended
def test_without_links_a_disabled_tenant_has_no_block(site: Site) -> None:
    tenant = site.add("ferula")
    variables: dict[str, Any] = {
        "virtualhosts_nginx_sites_available": str(site.bed.nginx.sites_enabled),
        "virtualhosts_nginx_sites_enabled": "",
        # Other tests have put a link to theirs there
        "virtualhosts_nginx_catch_all": "unmanaged",
    }
    assert site.run("provision", **variables).rc == 0
    assert site.block(tenant["hostname"]).is_file()
    tenant["disabled"] = True
    done = site.run("provision", **variables)
    assert done.rc == 0, done.stdout
    assert not site.block(tenant["hostname"]).exists()
    assert site.run("provision", **variables).changed == 0
    # There may be no catch-all
    with pytest.raises(ssl.SSLError):
        visitor.certificate(site.bed, tenant["hostname"])


@pytest.mark.extended
def test_those_that_failed_are_tried_again_and_no_others(site: Site) -> None:
    good = site.add("gale")
    lost = site.add("hop", resolves=False)
    homeless = site.add("iberis")
    homeless["domains"].append("unknown-to-modoboa.test")
    assert site.run("provision").rc != 0
    # What has to be done for others is left alone
    good["names"] = ["webmail.gale.test"]
    again: dict[str, Any] = {"virtualhosts_only_failed": True}
    refused = site.run("provision", **again)
    assert "2 of 2 tenants failed." in failure_message(refused)

    site.bed.dns.add(lost["hostname"])
    homeless["domains"].pop()
    predicted = site.run("provision", check=True, **again)
    done = site.run("provision", **again)
    assert done.rc == 0, done.stdout
    assert changes(predicted) == changes(done)
    assert issued(done) == [lost["hostname"], homeless["hostname"]]
    for tenant in (good, lost, homeless):
        assert site.record(tenant["hostname"])["provisioning_status"] == "ready"
    idle = site.run("provision", virtualhosts_nginx_prune=True, **again)
    assert (idle.rc, idle.changed, issued(idle)) == (0, 0, [])
    assert site.block(good["hostname"]).exists()
    good["names"] = []


@pytest.mark.extended
def test_page_title_favicon_and_sender_are_part_of_a_theme(site: Site) -> None:
    tenant = site.add(
        "jute",
        theme={
            "page_title": "Jute mail",
            "sender_address": "noreply@jute.test",
            "logos": {"favicon": "logo.svg"},
        },
    )
    done = site.run("provision")
    assert done.rc == 0, done.stdout
    assert site.run("provision").changed == 0
    found = theme_of(site, tenant["hostname"])
    assert found["theme_page_title"] == "Jute mail"
    assert found["theme_sender_address"] == "noreply@jute.test"
    assert found["logo_digests"]["favicon"]
    assert "<title>Jute mail" in site.get(tenant["hostname"], "/accounts/login/").text

    del tenant["theme"]
    assert site.run("provision").changed == 1
    found = theme_of(site, tenant["hostname"])
    assert not found["theme_page_title"]
    assert not found["logo_digests"]["favicon"]


MISTAKES: dict[str, dict[str, Any]] = {
    "record": {"domains": ["unknown-to-modoboa.test"]},
    "bootstrap block": {"nginx": {"snippet": "no_such_directive on;"}},
    "certificate": {"names": ["nowhere.knapweed.test"]},
    "theme": {"theme": {"logos": {"login": "broken.png"}}},
}
OUTAGES: dict[str, dict[str, Any]] = {
    "Modoboa": {"virtualhosts_modoboa_url": f"https://{LOOPBACK}:1"},
    "the CA": {"virtualhosts_acme_directory": f"https://{LOOPBACK}:1/directory"},
    "nginx": {"virtualhosts_nginx_binary": "/nowhere/nginx"},
    "its configuration": {"virtualhosts_nginx_common_snippet": "no_such_directive on;"},
}


@pytest.mark.extended
def test_a_tenant_that_was_ready_stays_online_whatever_fails(site: Site) -> None:
    tenant = site.add("knapweed")
    (site.directory / "broken.png").write_bytes(b"no picture")
    usual = dict(tenant)
    assert site.run("provision").rc == 0

    def insist_on_failure(what: str, **variables: Any) -> None:
        failed = site.run("provision", **variables)
        assert failed.rc != 0, what
        assert what not in MISTAKES or f": {what}: " in failure_message(failed)
        assert site.bed.login(tenant["hostname"], "admin@knapweed.test", PASSWORD).ok, what

    for step, mistake in MISTAKES.items():
        tenant.update(mistake)
        insist_on_failure(step)
        tenant.clear()
        tenant.update(usual)
    for what, variables in OUTAGES.items():
        insist_on_failure(what, **variables)
    assert site.run("provision").rc == 0
    assert site.record(tenant["hostname"])["provisioning_status"] == "ready"


@pytest.mark.extended
def test_a_retired_tenant_leaves_nothing_behind(site: Site) -> None:
    site.add("lovage")  # makes an account and the directories
    assert site.run("provision").rc == 0
    media = site.bed.modoboa.directory / "media"
    before = {*site.files(), *media.rglob("*")}
    theme = {"logos": {"login": "logo.svg", "favicon": "logo.svg"}}
    tenant = site.add("mallow", theme=theme, disabled=True)
    assert site.run("provision").rc == 0
    tenant["disabled"] = False
    assert site.run("provision").rc == 0
    serial = read_chain(chain_of(site, tenant["hostname"]).read_bytes()).serial
    assert not site.bed.acme.revoked(serial)

    site.tenants.remove(tenant)
    revoke: dict[str, Any] = {"virtualhosts_revoke": True}
    done = site.run("retire", tenant=tenant["hostname"], **revoke)
    assert done.rc == 0, done.stdout
    assert site.bed.acme.revoked(serial)
    assert {path for path in {*site.files(), *media.rglob("*")} - before if path.is_file()} == set()
    assert not site.record(tenant["hostname"])
    assert visitor.is_refused(site.bed, tenant["hostname"])
    assert site.run("retire", tenant=tenant["hostname"], **revoke).changed == 0
    site.bed.modoboa.delete_domain("mallow.test")
    site.bed.dns.remove(tenant["hostname"])
