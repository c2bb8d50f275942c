# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain, through the playbooks that operators run, on real parts."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from demo import visitor
from integration.portal_site import LOGO, PASSWORD, PLAYBOOKS, Site, changes, failure_message


def test_provisioned_portals_are_online_and_the_second_run_is_silent(site: Site) -> None:
    theme = {"colors": {"primary": "#123456"}, "logos": {"login": "logo.svg"}}
    first = site.add("aster", theme=theme)
    second = site.add("briar", names=["webmail.briar.test"])
    before = site.files()

    predicted = site.run("provision", check=True)
    assert predicted.rc == 0, predicted.stdout
    assert site.files() == before
    assert not site.record(first["hostname"])

    done = site.run("provision")
    assert done.rc == 0, done.stdout
    assert changes(predicted) == changes(done)
    for run in (predicted, done):
        assert site.bed.modoboa.token not in run.stdout
        assert "PRIVATE KEY" not in run.stdout

    assert site.run("provision").changed == 0

    for tenant in (first, second):
        record = site.record(tenant["hostname"])
        assert record["provisioning_status"] == "ready"
        assert record["certificate_valid_until"]
        certificate = visitor.certificate(site.bed, tenant["hostname"])
        assert set(certificate.names) == {tenant["hostname"], *tenant.get("names", [])}
        assert visitor.redirect(site.bed, tenant["hostname"]).startswith("https://")
    page = visitor.login_page(site.bed, first["hostname"])
    assert page.primary_color == "#123456"
    assert page.logo == LOGO.encode()
    assert site.bed.login(first["hostname"], "admin@aster.test", PASSWORD).ok
    assert not site.bed.login(second["hostname"], "admin@aster.test", PASSWORD).ok


def test_a_second_name_leads_to_the_portal(site: Site) -> None:
    tenant = site.add("cedar", names=["webmail.cedar.test"])
    assert site.run("provision").rc == 0
    assert visitor.certificate(site.bed, "webmail.cedar.test").names
    target = visitor.redirect(site.bed, "webmail.cedar.test")
    assert target.startswith(f"https://{tenant['hostname']}:")


def test_one_tenants_failure_ends_its_own_chain_only(site: Site) -> None:
    good = site.add("dahlia")
    lost = site.add("elder", resolves=False)
    homeless = site.add("fern")
    homeless["domains"].append("unknown-to-modoboa.test")

    done = site.run("provision")
    assert done.rc != 0
    message = failure_message(done)
    assert "2 of 3 tenants failed" in message
    assert f"{lost['hostname']}: certificate:" in message
    assert f"{homeless['hostname']}: record:" in message
    assert "unknown-to-modoboa.test" in message
    assert good["hostname"] not in message

    assert site.record(good["hostname"])["provisioning_status"] == "ready"
    assert site.record(lost["hostname"])["provisioning_status"] == "failed"
    assert "certificate:" in site.record(lost["hostname"])["last_provisioning_error"]
    assert not site.record(homeless["hostname"])

    again = site.run("provision")
    assert again.rc != 0
    assert again.changed == 0, changes(again)
    homeless["domains"].pop()
    site.bed.dns.add(lost["hostname"])
    assert site.run("provision").rc == 0
    assert site.record(lost["hostname"])["provisioning_status"] == "ready"


def test_a_ready_tenant_stays_online_when_a_later_run_fails(site: Site) -> None:
    tenant = site.add("gorse")
    assert site.run("provision").rc == 0
    before = visitor.certificate(site.bed, tenant["hostname"])

    tenant["names"] = ["nowhere.gorse.test"]
    assert site.run("provision").rc != 0
    assert site.record(tenant["hostname"])["provisioning_status"] == "failed"
    assert visitor.certificate(site.bed, tenant["hostname"]) == before
    assert site.bed.login(tenant["hostname"], "admin@gorse.test", PASSWORD).ok


def test_one_tenant_by_name_leaves_the_others_alone(site: Site) -> None:
    chosen, other = site.add("heath"), site.add("ivy")
    assert site.run("provision", tenant=chosen["hostname"]).rc == 0
    assert site.record(chosen["hostname"])
    assert not site.record(other["hostname"])
    wrong = site.run("provision", tenant="mail.no-such-tenant.test")
    assert wrong.rc != 0
    assert "no tenant has the hostname mail.no-such-tenant.test" in wrong.stdout


def test_renewal_does_nothing_until_something_is_due(site: Site) -> None:
    tenant = site.add("larch")
    newcomer = site.add("maple")
    assert site.run("provision", tenant=tenant["hostname"]).rc == 0
    # As a renewal of another test may have left it
    (site.bed.storage / "renewal_failed").unlink(missing_ok=True)
    before = site.files()

    idle = site.run("renew")
    assert idle.rc == 0, idle.stdout
    assert idle.changed == 0
    assert site.files() == before
    assert not site.record(newcomer["hostname"])

    # A key type that the certificate does not have makes it due
    due = site.run("renew", virtualhosts_key_type="P-384")
    assert due.rc == 0, due.stdout
    assert due.changed > 0
    assert site.run("renew", virtualhosts_key_type="P-384").changed == 0
    assert visitor.certificate(site.bed, tenant["hostname"]).names == (tenant["hostname"],)


def test_retired_portals_are_gone_and_their_mail_domains_stay(site: Site) -> None:
    tenant = site.add("nettle")
    before = site.files()
    assert site.run("provision").rc == 0
    site.tenants = []

    predicted = site.run("retire", tenant=tenant["hostname"], check=True)
    assert site.record(tenant["hostname"])
    done = site.run("retire", tenant=tenant["hostname"])
    assert done.rc == 0, done.stdout
    assert changes(predicted) == changes(done)
    assert site.run("retire", tenant=tenant["hostname"]).changed == 0

    assert not site.record(tenant["hostname"])
    assert {p for p in site.files() - before if "account" not in p.parts} == set()
    domains = site.bed.modoboa.request("GET", "domains/", params={"search": "nettle.test"})
    assert [domain["name"] for domain in domains.json()["results"]] == ["nettle.test"]
    site.bed.modoboa.delete_domain("nettle.test")


@pytest.mark.extended
def test_stateless_challenges_need_no_file(site: Site, tmp_path: Path) -> None:
    tenant = site.add("olive")
    storage = tmp_path / "storage"
    variables: dict[str, Any] = {
        "virtualhosts_challenge": "stateless",
        "virtualhosts_storage": str(storage),
    }
    done = site.run("provision", **variables)
    assert done.rc == 0, done.stdout
    assert not (storage / "webroot").exists()
    assert site.run("provision", **variables).changed == 0
    assert visitor.certificate(site.bed, tenant["hostname"]).names == (tenant["hostname"],)
    assert site.run("retire", tenant=tenant["hostname"], **variables).rc == 0


@pytest.mark.extended
def test_a_mail_domain_moves_when_its_new_portal_is_online(site: Site) -> None:
    old = site.add("quince")
    assert site.run("provision").rc == 0

    new = site.add("rowan", resolves=False)
    new["domains"] = ["quince.test"]
    old["domains"] = ["rowan.test"]
    assert site.run("provision").rc != 0
    assert site.bed.login(old["hostname"], "admin@quince.test", PASSWORD).ok
    assert not site.record(new["hostname"])

    site.bed.dns.add(new["hostname"])
    done = site.run("provision")
    assert done.rc == 0, done.stdout
    assert "quince.test" in done.stdout
    assert site.bed.login(new["hostname"], "admin@quince.test", PASSWORD).ok
    assert not site.bed.login(old["hostname"], "admin@quince.test", PASSWORD).ok
    assert site.record(new["hostname"])["provisioning_status"] == "ready"
    assert site.run("provision").changed == 0


@pytest.mark.extended
def test_portal_stays_until_a_tenant_takes_its_mail_domain_over(site: Site) -> None:
    tenant = site.add("savory", resolves=False)
    site.bed.modoboa.request(
        "POST",
        "virtualhosts/bulk/",
        json={"virtualhosts": [{"name": "mail.before.test", "domains": ["savory.test"]}]},
    )
    listed = site.bed.modoboa.request("GET", "virtualhosts/", params={"page_size": 1000}).json()
    others = {host["name"] for host in listed["results"]} - {"mail.before.test"}
    variables: dict[str, Any] = {
        "virtualhosts_modoboa_prune": True,
        "virtualhosts_modoboa_keep": sorted(others),
    }
    # Another one is pruned, so that it is not the failure that keeps everything
    site.bed.modoboa.create_domain("idle.test", virtualhost="mail.idle.test")
    online = site.add("sage")
    assert site.run("provision", **variables).rc != 0
    assert site.record("mail.before.test")
    assert not site.record("mail.idle.test")
    assert site.record(online["hostname"])["provisioning_status"] == "ready"

    site.bed.dns.add(tenant["hostname"])
    assert site.run("provision", **variables).rc == 0
    assert not site.record("mail.before.test")
    assert site.record(tenant["hostname"])["provisioning_status"] == "ready"
    site.bed.modoboa.delete_domain("idle.test")


@pytest.mark.extended
def test_the_list_is_the_whole_truth_if_that_is_said(site: Site) -> None:
    tenant = site.add("tansy")
    tenant["domains"].append("made.tansy.test")
    # What other tests have left stays
    listed = site.bed.modoboa.request("GET", "virtualhosts/", params={"page_size": 1000}).json()
    others = [host["name"] for host in listed["results"]]
    by_hand = {"mail.hand.test": "hand.test", "mail.kept.test": "kept.test"}
    for hostname, domain in {**by_hand, tenant["hostname"]: "extra.test"}.items():
        site.bed.modoboa.create_domain(domain, virtualhost=hostname)
    administrator = {"username": "admin", "password": PASSWORD}
    variables: dict[str, Any] = {
        "virtualhosts_modoboa_create_domains": {"quota": "1GB", "admin": administrator},
        "virtualhosts_modoboa_exclusive": True,
        "virtualhosts_modoboa_prune": True,
        "virtualhosts_modoboa_keep": ["mail.kept.test", *others],
    }
    predicted = site.run("provision", check=True, **variables)
    done = site.run("provision", **variables)
    assert done.rc == 0, done.stdout
    assert changes(predicted) == changes(done)
    assert PASSWORD not in done.stdout
    assert site.run("provision", **variables).changed == 0
    # As -e gives them on a command line, they are texts
    site.bed.modoboa.create_domain("text.test", virtualhost=tenant["hostname"])
    texts = {"virtualhosts_modoboa_exclusive": "false", "virtualhosts_modoboa_prune": "false"}
    kept = site.run("provision", **{**variables, **texts})
    assert (kept.rc, kept.changed) == (0, 0), kept.stdout
    site.bed.modoboa.delete_domain("text.test")

    linked = [domain["name"] for domain in site.record(tenant["hostname"])["domains"]]
    assert sorted(linked) == ["made.tansy.test", "tansy.test"]
    assert site.bed.login(tenant["hostname"], "admin@made.tansy.test", PASSWORD).ok
    assert not site.record("mail.hand.test")
    assert site.record("mail.kept.test")
    for domain in ("hand.test", "kept.test", "extra.test"):
        site.bed.modoboa.delete_domain(domain)


@pytest.mark.extended
def test_renewal_leaves_records_as_they_are(site: Site) -> None:
    tenant = site.add("sorrel")
    assert site.run("provision").rc == 0
    pk = site.record(tenant["hostname"])["pk"]
    site.bed.modoboa.request("POST", f"virtualhosts/{pk}/set_state/", json={"enabled": False})
    before = site.record(tenant["hostname"])
    assert site.run("renew").changed == 0
    assert site.record(tenant["hostname"]) == before
    # Not even a renewal opens a portal that was closed
    assert site.run("renew", virtualhosts_key_type="P-384").rc == 0
    assert site.record(tenant["hostname"])["enabled"] is False


@pytest.mark.extended
def test_what_is_taken_out_of_a_theme_is_reset(site: Site) -> None:
    theme = {"colors": {"primary": "#123456"}, "logos": {"login": "logo.svg"}}
    tenant = site.add("thyme", theme=theme)
    assert site.run("provision").rc == 0
    del tenant["theme"]
    assert site.run("provision").changed == 1
    page = visitor.login_page(site.bed, tenant["hostname"])
    assert page.primary_color != "#123456"
    assert page.logo != LOGO.encode()


def test_a_step_that_cannot_be_done_at_all_fails_everybody_by_name(site: Site) -> None:
    tenant = site.add("umbel")
    homeless = site.add("vetch")
    homeless["domains"].append("unknown-to-modoboa.test")
    broken = site.run("provision", virtualhosts_nginx_binary="/nowhere/nginx")
    assert broken.rc != 0
    message = failure_message(broken)
    assert "2 of 2 tenants failed." in message
    assert f"{homeless['hostname']}: record:" in message
    assert "/nowhere/nginx" in message
    assert site.record(tenant["hostname"])["provisioning_status"] == "failed"


@pytest.mark.extended
def test_a_renewal_writes_the_blocks_that_it_needs_and_mends_its_own_failures(site: Site) -> None:
    tenant = site.add("willow")
    assert site.run("provision").rc == 0
    tenant["names"] = ["webmail.willow.test"]
    assert site.run("renew").rc != 0
    assert "renewal: certificate:" in site.record(tenant["hostname"])["last_provisioning_error"]

    site.bed.dns.add("webmail.willow.test")
    done = site.run("renew")
    assert done.rc == 0, done.stdout
    assert site.record(tenant["hostname"])["provisioning_status"] == "ready"
    assert "webmail.willow.test" in visitor.certificate(site.bed, tenant["hostname"]).names

    # A failure of provisioning is not mended by a renewal: later steps may not have been done
    failed = {"name": tenant["hostname"], "status": "failed", "error": "certificate: refused"}
    site.bed.modoboa.request("POST", "virtualhosts/report/", json={"reports": [failed]})
    assert site.run("renew", virtualhosts_key_type="P-384").rc == 0
    assert site.record(tenant["hostname"])["last_provisioning_error"] == failed["error"]


def test_the_playbook_that_the_docs_give_for_awx(site: Site, tmp_path: Path) -> None:
    page = (PLAYBOOKS.parent / "docs" / "awx.md").read_text()
    blocks = [textwrap.dedent(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    (playbook,) = [block for block in blocks if block.startswith("# provision.yml")]
    project = tmp_path / "project"
    project.mkdir()
    (project / "provision.yml").write_text(playbook)
    (project / "logo.svg").write_text(LOGO)
    tenant = site.add("zinnia", theme={"logos": {"login": "logo.svg"}})
    done = site.bed.ansible.run_playbook(
        project / "provision.yml",
        inventory={"modoboa": {"hosts": {"front": {"ansible_connection": "local"}}}},
        extra_vars={
            **site.bed.variables(),
            "virtualhosts_tenants": site.tenants,
            # As a survey gives it
            "tenant": f" {tenant['hostname']}, ",
        },
        check=True,
    )
    assert done.rc == 0, done.stdout
    assert done.changed > 0


@pytest.mark.extended
@pytest.mark.parametrize("python", ["3.12", "3.13"])
def test_the_chain_with_the_newest_ansible(site: Site, python: str) -> None:
    """The environments are those that the sanity checks of every version make."""
    ansible = site.bed.ansible
    newest = site.bed.layout.prefix.path / "venv" / f"ansible-2.21-py{python}" / "bin"
    if not newest.is_dir():
        pytest.skip(f"this machine has no Python {python}, so there is no {newest}")
    usual, ansible.bin = ansible.bin, newest
    try:
        site.add(f"pine-{python.replace('.', '-')}", theme={"logos": {"login": "logo.svg"}})
        done = site.run("provision")
        assert done.rc == 0, done.stdout
        assert site.run("provision").changed == 0
        assert site.run("renew").changed == 0
    finally:
        ansible.bin = usual
