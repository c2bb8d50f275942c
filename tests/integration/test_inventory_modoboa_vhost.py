# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin with a real Modoboa, as `ansible-inventory` and playbooks use it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bed import Bed
from integration.portal_site import Site
from integration.published_contract.server import PublishedContract

EXAMPLE = Path(__file__).parents[2] / "docs/example"
PLUGIN = {"plugin": "mailhost.modoboa.modoboa_vhost"}
NAMES = [f"mail.{label}.inventory.test" for label in ("one", "two", "three")]
TIMEOUT = 120


@pytest.fixture(scope="module")
def connection(bed: Bed) -> dict[str, str]:
    """The environment that leads to a Modoboa with three virtual hosts, as AWX would set it."""
    for name in NAMES:
        bed.modoboa.create_domain(name.partition(".")[2], virtualhost=name)
    reports = [
        {"name": NAMES[0], "status": "ready", "certificate_valid_until": "2031-02-03T04:05:06Z"},
        {"name": NAMES[1], "status": "failed", "error": "no {{ answer }}"},
    ]
    bed.modoboa.request("POST", "virtualhosts/report/", json={"reports": reports})
    return {
        "MODOBOA_URL": bed.modoboa.url,
        "MODOBOA_TOKEN": bed.modoboa.token,
        "MODOBOA_CA_PATH": str(bed.modoboa.ca_path),
    }


def ansible_inventory(
    bed: Bed, source: Path, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run `ansible-inventory`; a source that cannot be read is an error."""
    return subprocess.run(
        [bed.ansible.bin / "ansible-inventory", "--inventory", source, "--list", *arguments],
        env={
            **bed.ansible.environment(),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def ours(listed: str, group: str) -> list[str]:
    """Who is in a group, without those that other tests may have left."""
    hosts: list[str] = json.loads(listed).get(group, {}).get("hosts", [])
    return [name for name in hosts if name in NAMES]


def plain(variables: Any) -> Any:
    """Variables without the marks of what is no template."""
    return json.loads(
        json.dumps(variables), object_hook=lambda found: found.get("__ansible_unsafe", found)
    )


def test_hosts_groups_and_a_cache_that_asks_once(
    bed: Bed,
    connection: dict[str, str],
    published_contract: PublishedContract,
    tmp_path: Path,
) -> None:
    source = tmp_path / "portals.modoboa_vhost.yml"
    caching = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(tmp_path / "cache"),
    }
    keyed = [{"key": "modoboa_vhost_domains", "prefix": "domain"}]
    source.write_text(json.dumps({**PLUGIN, **caching, "keyed_groups": keyed}))
    log = bed.layout.logs / "nginx-access.log"

    def requests() -> int:
        # Not what was reported before: nginx may log that only after its answer has been read
        return log.read_text().count('"GET /api/v2/')

    before = requests()
    first = ansible_inventory(bed, source, connection)
    assert first.returncode == 0, first.stderr
    assert requests() == before + 1
    second = ansible_inventory(bed, source, connection)
    assert second.stdout == first.stdout
    assert requests() == before + 1
    flushed = ansible_inventory(bed, source, connection, "--flush-cache")
    assert flushed.stdout == first.stdout
    assert requests() == before + 2
    for path in (tmp_path / "cache").iterdir():
        assert bed.modoboa.token not in path.read_text()

    assert ours(first.stdout, "modoboa_vhosts") == sorted(NAMES)
    assert ours(first.stdout, "modoboa_vhosts_ready") == [NAMES[0]]
    assert ours(first.stdout, "modoboa_vhosts_failed") == [NAMES[1]]
    assert ours(first.stdout, "modoboa_vhosts_pending") == [NAMES[2]]
    assert ours(first.stdout, "modoboa_vhosts_disabled") == []
    assert ours(first.stdout, "domain_two_inventory_test") == [NAMES[1]]
    hosts = json.loads(first.stdout)["_meta"]["hostvars"]
    variables = plain(hosts[NAMES[0]])
    assert variables["modoboa_vhost_domains"] == ["one.inventory.test"]
    assert variables["modoboa_vhost_certificate_valid_until"] == "2031-02-03T04:05:06Z"
    assert variables["modoboa_vhost_days_left"] > 365
    # What a server says is no template
    assert hosts[NAMES[1]]["modoboa_vhost_error"] == {"__ansible_unsafe": "no {{ answer }}"}

    # A server with the contract alone, which the cache takes for no other
    other = {"MODOBOA_URL": published_contract.connection()["url"]}
    elsewhere = ansible_inventory(bed, source, {**connection, **other})
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert ours(elsewhere.stdout, "modoboa_vhosts_failed") == [NAMES[1]]
    assert requests() == before + 2


def test_what_is_wrong_is_said_without_the_token(
    bed: Bed, connection: dict[str, str], tmp_path: Path
) -> None:
    source = tmp_path / "portals.modoboa_vhost.yml"
    source.write_text(json.dumps(PLUGIN))
    wrong = "0123456789abcdef0123456789abcdef01234567"
    run = ansible_inventory(bed, source, {**connection, "MODOBOA_TOKEN": wrong}, "-vvv")
    assert run.returncode != 0
    assert "does not accept the credentials" in run.stderr
    assert wrong not in run.stdout + run.stderr


@pytest.mark.extended
def test_provisioning_the_portals_of_a_limit(bed: Bed, site: Site, tmp_path: Path) -> None:
    labels = ("one.slice", "two.slice", "three.slice")
    tenants = [site.add(label) for label in labels]
    names = [tenant["hostname"] for tenant in tenants]
    for tenant in tenants:
        (domain,) = tenant["domains"]
        put_on(bed, domain, tenant["hostname"])
    inventory = tmp_path / "inventory"
    inventory.mkdir()
    source = inventory / "portals.modoboa_vhost.yml"
    source.write_text((EXAMPLE / source.name).read_text().replace("url:", "#"))
    front = {"all": {"hosts": {"front": {"ansible_connection": "local"}}}}
    (inventory / "front.yml").write_text(json.dumps(front))
    variables = tmp_path / "tenants.yml"
    variables.write_text(
        json.dumps(
            {
                **bed.variables(),
                "front_end": "front",
                "virtualhosts_tenants": tenants,
                "virtualhosts_logo_directory": str(tmp_path),
            }
        )
    )
    run = bed.ansible.run_playbook(
        EXAMPLE / "provision_portals.yml",
        inventory=inventory,
        extra_vars={"tenants_file": str(variables)},
        arguments=["--limit", f"{names[0]},{names[2]}"],
        environment={
            "MODOBOA_URL": bed.modoboa.url,
            "MODOBOA_TOKEN": bed.modoboa.token,
            "MODOBOA_CA_PATH": str(bed.modoboa.ca_path),
        },
    )
    assert run.rc == 0, run.stdout
    (issued,) = run.task("Obtain certificates")
    assert len(issued.result["certificates"]) == 2
    states = [site.record(name)["provisioning_status"] for name in names]
    assert states == ["ready", "pending", "ready"]
    assert not site.block(names[1]).exists()


def put_on(bed: Bed, domain: str, name: str) -> None:
    """Put a mail domain on a virtual host, which comes into being."""
    listed = bed.modoboa.request("GET", "domains/", params={"search": domain}).json()
    found = next(each for each in listed["results"] if each["name"] == domain)
    bed.modoboa.request("PATCH", f"domains/{found['pk']}/", json={"virtualhost": name})
