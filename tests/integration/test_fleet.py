# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several front ends behind one name: one issues and all serve, or each issues for itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed.ansible import Run
from integration.fleet import ADDRESSES, Fleet, fleet_of, requests_of
from integration.portal_site import Site

COPIED: dict[str, Any] = {"all_hosts": {"virtualhosts_front_end_certificates": "copied"}}
OWN: dict[str, Any] = {"all_hosts": {"virtualhosts_front_end_certificates": "own"}}


@pytest.fixture
def fleet(site: Site) -> Iterator[Fleet]:
    """Two front ends that serve nothing yet."""
    with fleet_of(site) as running:
        yield running


def told(run: Run) -> dict[str, str]:
    """Host → what it says at the end."""
    return {
        each.host: " ".join(each.result["msg"])
        for each in run.task("Name who failed, and who was left out")
        if each.status == "failed"
    }


def test_certificates_are_copied_and_no_key_is_seen(site: Site, fleet: Fleet) -> None:
    tenant = site.add("quandong")
    # The CA comes to a front end alone, which asks the host that issues
    site.bed.dns.add(tenant["hostname"], address=ADDRESSES["edge1"])
    done = fleet.run("fleet", arguments=["-vvvv"], **COPIED)
    assert done.rc == 0, done.stdout
    assert len(set(fleet.serials(tenant["hostname"]).values())) == 1
    assert fleet.modes() == {0o600}
    keys = fleet.keys()
    assert len(keys) == 1
    said = done.stdout + done.stderr + repr(done.results)
    assert not [key for key in keys if key in said]


@pytest.mark.extended
def test_what_differs_is_copied_and_nothing_else(site: Site, fleet: Fleet) -> None:
    first = site.add("rambutan", names=["webmail.rambutan.test"])
    site.bed.dns.add(first["hostname"], *first["names"], address=ADDRESSES["edge2"])
    predicted = fleet.run("fleet", check=True, **COPIED)
    assert predicted.rc == 0, predicted.stdout
    done = fleet.run("fleet", **COPIED)
    assert done.rc == 0, done.stdout
    assert requests_of(predicted) == requests_of(done)
    again = fleet.run("fleet", **COPIED)
    assert (again.rc, again.changed) == (0, 0), requests_of(again)

    # A tenant that fails keeps the others from no host
    lost = site.add("lost", resolves=False)
    second = site.add("soursop")
    partly = fleet.run("fleet", virtualhosts_serial=1, **COPIED)
    assert partly.rc != 0
    assert set(told(partly)) == {"front"}
    assert f"{lost['hostname']}: certificate" in told(partly)["front"]
    assert len(set(fleet.serials(second["hostname"]).values())) == 1
    site.tenants.remove(lost)
    site.bed.modoboa.delete_domain(lost["domains"][0])

    # A renewal brings new ones, and a run with nothing due brings none
    before = fleet.serials(first["hostname"])
    renewed = fleet.run("fleet_renew", virtualhosts_key_type="P-384", **COPIED)
    assert renewed.rc == 0, renewed.stdout
    after = fleet.serials(first["hostname"])
    assert len(set(after.values())) == 1
    assert after != before
    idle = fleet.run("fleet_renew", virtualhosts_key_type="P-384", **COPIED)
    assert (idle.rc, idle.changed) == (0, 0), requests_of(idle)
    assert not idle.task("Publish the certificates that were handed out")[0].result.get("changed")

    # One front end, one tenant; and one that cannot be reached is named
    fleet.add_unreachable("edge3")
    third = site.add("tamarind")
    named = fleet.run(
        "fleet", tenant=third["hostname"], arguments=["--limit", "front,edge1,edge3"], **COPIED
    )
    assert set(told(named)) == {"edge3"}, named.stdout
    assert "edge3 was left out: it cannot be reached" in told(named)["edge3"]
    assert fleet.has(third["hostname"]) == {"front", "edge1"}
    del fleet.hosts["edge3"]

    # Offline everywhere, front ends first
    gone = fleet.run("retire", tenant=[each["hostname"] for each in site.tenants], **COPIED)
    assert gone.rc == 0, gone.stdout
    assert fleet.keys() == set()
    for each in (first, second, third):
        assert fleet.has(each["hostname"]) == set()


@pytest.mark.extended
def test_a_broken_nginx_stops_before_the_next_batch(site: Site, fleet: Fleet) -> None:
    first = site.add("ulex")
    begun = fleet.run("fleet", virtualhosts_serial=1, **COPIED)
    assert begun.rc == 0, begun.stdout
    edge1, edge2 = fleet.front_ends.values()
    before = edge2.snapshot()

    # Neither what is new nor what is set anew comes to the next batch, in no round
    tenant = site.add("umbra")
    anew: dict[str, Any] = {"virtualhosts_client_max_body_size": "7m", "virtualhosts_serial": 1}
    edge1.write_config(user="nonsense;")
    stopped = fleet.run("fleet", **anew, **COPIED)
    assert set(told(stopped)) == {"edge1", "edge2"}, stopped.stdout
    assert "nginx's configuration was broken already" in told(stopped)["edge1"]
    assert "the roll-out has stopped at edge1" in told(stopped)["edge2"]
    assert fleet.has(tenant["hostname"]) == {"front", "edge1"}
    assert edge2.snapshot() == before

    # What is served already is not touched by the first round
    edge1.write_config()
    done = fleet.run("fleet", **anew, **COPIED)
    assert done.rc == 0, done.stdout
    answering, deploying = [
        each
        for each in done.task("Write server blocks and verify that each certificate is served")
        if each.host == "edge2"
    ]
    written = [each["name"] for each in answering.result["vhosts"]]
    assert written == [tenant["hostname"]]
    assert {each["name"] for each in deploying.result["vhosts"] if each["changed"]} == {
        first["hostname"],
        tenant["hostname"],
    }
    assert len(set(fleet.serials(tenant["hostname"]).values())) == 1


@pytest.mark.extended
def test_the_issuing_host_is_lost(site: Site, fleet: Fleet) -> None:
    tenant = site.add("viola")
    assert fleet.run("fleet", **COPIED).rc == 0
    serials = fleet.serials(tenant["hostname"])
    fleet.lose_issuing_host()
    anew: dict[str, Any] = {"virtualhosts_client_max_body_size": "7m"}
    for playbook in ("fleet", "fleet_renew"):
        run = fleet.run(playbook, **anew, **COPIED)
        assert set(told(run)) == {"front", "edge1", "edge2"}, run.stdout
        assert "front was left out: it cannot be reached: " in told(run)["front"]
        # With the reason
        assert "front cannot be reached: Task failed: Failed to connect" in told(run)["edge1"]
    assert all("7m" in repr(each.snapshot()) for each in fleet.front_ends.values())
    assert fleet.serials(tenant["hostname"]) == serials

    # Whom nobody reaches is retired everywhere else
    fleet.issuing = {"ansible_connection": "local"}
    hosts = dict(fleet.hosts)
    for name in list(fleet.hosts):
        fleet.add_unreachable(name)
    partly = fleet.run("retire", tenant=tenant["hostname"], **COPIED)
    assert set(told(partly)) == {"edge1", "edge2"}, partly.stdout
    assert fleet.has(tenant["hostname"]) == {"edge1", "edge2"}
    fleet.hosts = hosts
    assert fleet.run("retire", tenant=tenant["hostname"], **COPIED).rc == 0
    assert fleet.has(tenant["hostname"]) == set()
    assert fleet.run("retire", tenant="", **COPIED).rc != 0


@pytest.mark.extended
@pytest.mark.parametrize(("label", "ways"), [("pepino", COPIED), ("salal", OWN)], ids=str)
def test_who_uses_the_certificates_is_told_on_every_host(
    site: Site, fleet: Fleet, label: str, ways: dict[str, Any]
) -> None:
    hostname = site.add(label)["hostname"]
    everywhere = {"front", *ADDRESSES}
    lame: dict[str, Any] = {"virtualhosts_reload": [f"no-such-service-{os.getpid()}"]}
    # What a service is like keeps no host from its turn
    partly = fleet.run("fleet", virtualhosts_serial=1, **lame, **ways)
    assert set(told(partly)) == everywhere, partly.stdout
    assert all("reload: no-such-service-" in message for message in told(partly).values())
    assert fleet.has(hostname) == set(fleet.serials(hostname)) == everywhere

    # The next run makes up for it
    predicted, done = (fleet.run("fleet_renew", check=check, **ways) for check in (True, False))
    assert done.rc == 0, done.stdout
    late = "Tell who uses the certificates what an earlier run has published and not told"
    assert requests_of(predicted) == requests_of(done) == {late: sorted(everywhere)}
    idle = fleet.run("fleet_renew", **lame, **ways)
    assert (idle.rc, idle.changed) == (0, 0), requests_of(idle)


@pytest.mark.extended
def test_each_issues_for_itself(site: Site, fleet: Fleet, tmp_path: Path) -> None:
    tenant = site.add("vanilla")
    # Whoever issues, the CA comes to this one
    site.bed.dns.add(tenant["hostname"], address=ADDRESSES["edge1"])
    predicted = fleet.run("fleet", check=True, **OWN)
    done = fleet.run("fleet", **OWN)
    assert done.rc == 0, done.stdout
    assert requests_of(predicted) == requests_of(done)
    assert len(set(fleet.serials(tenant["hostname"]).values())) == 3
    assert len(fleet.keys()) == 3
    again = fleet.run("fleet", **OWN)
    assert (again.rc, again.changed) == (0, 0), requests_of(again)
    notes = tmp_path / "notes"
    notes.mkdir()
    idle = fleet.run("fleet_renew", virtualhosts_renewal_notes=str(notes), **OWN)
    assert (idle.rc, idle.changed) == (0, 0), requests_of(idle)
    # A schedule is told of all, to warn where nobody manages to renew one
    assert {path.stem for path in notes.iterdir()} == {"front", *ADDRESSES}
    assert all(tenant["hostname"] in path.read_text() for path in notes.iterdir())
    # Three certificates of one portal are no reason to call anybody
    folder = tmp_path / "report"
    assert fleet.run("report", report_directory=str(folder), **OWN).rc == 0
    said = json.loads((folder / "report.json").read_text())
    (portal,) = (each for each in said["tenants"] if each["hostname"] == tenant["hostname"])
    assert (portal["level"], portal["drift"], portal["errors"]) == ("good", [], [])
    assert set(portal["hosts"]) == {"front", *ADDRESSES}
    gone = fleet.run("retire", tenant=tenant["hostname"], virtualhosts_revoke=True, **OWN)
    assert gone.rc == 0, gone.stdout
    assert fleet.keys() == set()


@pytest.mark.extended
def test_each_issues_for_itself_only_by_files(site: Site, fleet: Fleet) -> None:
    site.add("woodruff")
    refused = fleet.run("fleet", virtualhosts_challenge="stateless", **OWN)
    assert "With certificates of its own it has to be webroot or dns" in refused.stdout
    assert fleet.front_ends["edge1"].snapshot() == {}
