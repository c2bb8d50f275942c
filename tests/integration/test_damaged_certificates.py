# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate on disk that nginx could not load: the portal stays online, and gets another."""

from __future__ import annotations

import pytest
from demo import visitor
from integration.portal_site import Site


@pytest.mark.extended
def test_the_chain_mends_it(site: Site) -> None:
    tenant = site.add("alder")
    assert site.run("provision").rc == 0
    hostname = tenant["hostname"]
    served = visitor.certificate(site.bed, hostname)
    chain, key = (
        site.bed.storage / "certs" / hostname / file for file in ("fullchain.pem", "privkey.pem")
    )
    key.write_bytes((site.bed.storage / "certs" / hostname / "fullchain.pem").read_bytes())
    run = site.run("provision")
    assert run.rc == 0, run.stdout
    (bootstrapped,) = run.task("Write bootstrap blocks that answer the challenge")
    (host,) = bootstrapped.result["vhosts"]
    assert (host["state"], host["changed"], host["damaged"]) == ("present", False, True)
    assert visitor.certificate(site.bed, hostname) != served
    assert b"PRIVATE KEY" in key.read_bytes()
    assert b"PRIVATE KEY" not in chain.read_bytes()
    assert site.run("provision").changed == 0
