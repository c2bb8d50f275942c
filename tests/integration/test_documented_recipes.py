# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages tell operators to do on a bad day works as it stands there."""

from __future__ import annotations

import shutil

import pytest
from bed.command import run
from demo import visitor
from integration.portal_site import Site, changes

STOLEN_KEY = "../docs/example/stolen_key"
_ISSUE = "Obtain certificates"


# With mail_services.yml, the renewal in it is what issues
@pytest.mark.parametrize(
    "playbook", ["provision", pytest.param("renew", marks=pytest.mark.extended)]
)
def test_a_stolen_key_is_revoked_and_replaced(site: Site, playbook: str) -> None:
    tenant, other = site.add(f"tamarind-{playbook}"), site.add(f"rambutan-{playbook}")
    names = [tenant["hostname"], other["hostname"]]
    assert site.run("provision", tenant=names).rc == 0
    before = [visitor.certificate(site.bed, name) for name in names]

    revoked = site.run(STOLEN_KEY, tenant=names[0])
    assert (revoked.rc, revoked.changed) == (0, 1), revoked.stdout
    assert site.run(STOLEN_KEY, tenant=names[0]).changed == 0
    assert visitor.certificate(site.bed, names[0]) == before[0]

    assert site.run(playbook, tenant=names[0]).rc == 0
    after = [visitor.certificate(site.bed, name) for name in names]
    assert after[0] != before[0]
    assert after[1] == before[1]


@pytest.mark.extended
def test_a_host_is_restored_from_the_storage(site: Site) -> None:
    """Blocks come from the inventory again, certificates from the copy: docs/backup.md."""
    tenant = site.add("lychee")
    name = tenant["hostname"]
    assert site.run("provision", tenant=name).rc == 0
    before = visitor.certificate(site.bed, name)
    backup = site.directory / "backup"
    run(["cp", "-a", site.bed.storage, backup], purpose="backing up")

    # As on another machine: neither its block nor its certificate
    block = site.block(name)
    block.resolve().unlink()
    block.unlink()
    folder = site.bed.storage / "certs" / name
    shutil.rmtree(folder)
    run(["cp", "-a", backup / "certs" / name, folder], purpose="restoring")

    restored = site.run("provision", tenant=name)
    assert restored.rc == 0, restored.stdout
    assert not changes(restored)[_ISSUE]
    assert visitor.certificate(site.bed, name) == before
    assert site.record(name)["provisioning_status"] == "ready"
    assert site.run("provision", tenant=name).changed == 0
