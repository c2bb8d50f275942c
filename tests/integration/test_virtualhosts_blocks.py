# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators can say of the server blocks that the chain writes."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.block import CATCH_ALL
from bed.ansible import Run
from bed.ports import LOOPBACK
from demo import visitor
from integration.portal_site import Site, changes

CHALLENGES = Path(".well-known") / "acme-challenge"


def status_over_http(site: Site, hostname: str, path: str = "/") -> int:
    connection = http.client.HTTPConnection(LOOPBACK, site.bed.nginx.http_port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": hostname})
        return connection.getresponse().status
    finally:
        connection.close()


def final_blocks(run: Run) -> dict[str, Any]:
    """The result of the step that writes them."""
    (result,) = run.task("Write final blocks and verify that each new certificate is served")
    return result.result


@pytest.mark.extended
def test_names_that_nobody_has_reach_no_portal(site: Site) -> None:
    tenant = site.add("acorn")
    assert site.run("provision").rc == 0
    assert status_over_http(site, "nobody.test") == 404
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        visitor.certificate(site.bed, "nobody.test")
    # A front end that redirects challenges here need not be one of the names
    token = site.bed.storage / "webroot" / CHALLENGES / "token"
    token.write_text("answer")
    assert status_over_http(site, "nobody.test", f"/{CHALLENGES}/token") == 200
    token.unlink()

    before = site.block(CATCH_ALL).read_bytes()
    assert site.run("renew").changed == 0
    assert site.run("retire", tenant=tenant["hostname"]).rc == 0
    assert site.block(CATCH_ALL).read_bytes() == before


@pytest.mark.extended
def test_the_catch_all_can_go_and_be_left_alone(site: Site) -> None:
    tenant = site.add("balsam")
    assert site.run("provision").rc == 0
    unmanaged: dict[str, Any] = {"virtualhosts_nginx_catch_all": "unmanaged"}
    assert site.run("provision", **unmanaged).changed == 0
    assert site.block(CATCH_ALL).exists()

    absent: dict[str, Any] = {"virtualhosts_nginx_catch_all": "absent"}
    # Other tenants' blocks may share its sockets
    assert site.run("provision", tenant=tenant["hostname"], **absent).changed == 0
    assert site.block(CATCH_ALL).exists()
    predicted = site.run("provision", check=True, **absent)
    assert site.block(CATCH_ALL).exists()
    done = site.run("provision", **absent)
    assert done.rc == 0, done.stdout
    assert changes(predicted)["Write bootstrap blocks that answer the challenge"]
    assert not site.block(CATCH_ALL).exists()
    assert site.run("provision", **unmanaged).changed == 0
    assert not site.block(CATCH_ALL).exists()


@pytest.mark.extended
def test_a_default_server_of_somebody_else_stays_and_is_told(site: Site) -> None:
    site.add("camas")
    assert site.run("provision", virtualhosts_nginx_catch_all="absent").rc == 0
    theirs = site.bed.nginx.sites_enabled / "default"
    port = site.bed.nginx.http_port
    theirs.write_text(f"server {{ listen {LOOPBACK}:{port} default_server; return 418; }}\n")
    try:
        done = site.run("provision")
        assert done.rc == 0, done.stdout
        (told,) = done.task("Say who answers in the place of the catch-all")
        assert told.result["msg"] == [{"left_out": "http", "default_server": str(theirs)}]
        assert status_over_http(site, "nobody.test") == 418
        with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
            visitor.certificate(site.bed, "nobody.test")
        assert site.run("provision").changed == 0
    finally:
        theirs.unlink()
    done = site.run("provision")
    assert done.rc == 0, done.stdout
    assert status_over_http(site, "nobody.test") == 404


def test_tenants_have_options_of_their_own(site: Site) -> None:
    logs = site.directory / "logs"
    logs.mkdir()
    templates = site.directory / "templates"
    templates.mkdir()
    (templates / "present.conf.j2").write_text(
        '{% extends "mailhost.modoboa/present.conf.j2" %}'
        '{% block more %}location = /template { return 200 "{{ host.name }}"; }\n{% endblock %}'
    )
    usual = site.add("dogwood")
    special = site.add(
        "elm",
        nginx={
            "snippet": 'location = /own { return 200 "its own"; }',
            "access_log": "off",
            "hsts_max_age": 60,
        },
    )
    options: dict[str, Any] = {
        "virtualhosts_nginx_access_log": str(logs / "{hostname}.access.log"),
        "virtualhosts_nginx_error_log": str(logs / "error.log"),
        "virtualhosts_nginx_common_snippet": 'location = /common { return 200 "for all"; }',
        "virtualhosts_nginx_hsts_max_age": 3600,
        "virtualhosts_nginx_templates": str(templates),
    }
    done = site.run("provision", **options)
    assert done.rc == 0, done.stdout
    assert site.run("provision", **options).changed == 0

    for tenant, max_age in ((usual, 3600), (special, 60)):
        assert site.get(tenant["hostname"], "/common").text == "for all"
        assert site.get(tenant["hostname"], "/template").text == tenant["hostname"]
        headers = site.get(tenant["hostname"], "/").headers
        assert headers["Strict-Transport-Security"] == f"max-age={max_age}"
    assert site.get(special["hostname"], "/own").text == "its own"
    assert site.get(usual["hostname"], "/own").text != "its own"
    assert {file.name for file in logs.iterdir()} == {
        f"{usual['hostname']}.access.log",
        "error.log",
    }
    assert "/common" in (logs / f"{usual['hostname']}.access.log").read_text()


def test_a_mistake_in_a_tenants_options_is_found_before_anything_is_touched(site: Site) -> None:
    site.add("fir", nginx={"snippet": "location / {"})
    before = site.files()
    refused = site.run("provision")
    site.tenants[0].pop("nginx")
    assert refused.rc != 0
    assert "tenant 1 (mail.fir.test): nginx: snippet, line 1" in refused.stdout
    assert site.files() == before


def test_a_broken_snippet_ends_one_tenants_chain_only(site: Site) -> None:
    site.add("ginkgo", nginx={"snippet": "no_such_directive on;"})
    good = site.add("hazel")
    done = site.run("provision")
    assert done.rc != 0
    assert "no_such_directive" in done.stdout
    assert site.record(good["hostname"])["provisioning_status"] == "ready"
    assert site.get(good["hostname"], "/").ok


@pytest.mark.extended
def test_pruning_takes_what_is_not_listed_and_nobody_else(site: Site) -> None:
    kept = site.add("ixia")
    gone = site.add("jasmine")
    failing = site.add("kerria")
    assert site.run("provision").rc == 0
    listed = list(site.tenants)
    site.tenants = [kept, {**failing, "names": ["nowhere.kerria.test"]}]
    prune: dict[str, Any] = {"virtualhosts_nginx_prune": True}

    assert site.run("provision", tenant=kept["hostname"], **prune).changed == 0
    assert site.block(gone["hostname"]).exists()

    done = site.run("provision", **prune)
    site.tenants = listed
    assert done.rc != 0
    pruned = [host["name"] for host in final_blocks(done)["vhosts"] if host["pruned"]]
    assert pruned == [gone["hostname"]]
    assert not site.block(gone["hostname"]).exists()
    for tenant in (kept, failing):
        assert site.get(tenant["hostname"], "/").ok
    assert site.block(CATCH_ALL).exists()
