# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``nginx`` beside the chain: one catch-all, whoever writes it first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bed.ansible import Run
from integration.portal_site import Site, changes

CATCH = "Answer for names that nobody has"
NOT_OF_DEBIAN = {"nginx_package": "", "nginx_service": "", "nginx_default_site": "unmanaged"}


def run(site: Site, *, check: bool = False, **variables: Any) -> Run:
    done = site.run("nginx", check=check, **{**NOT_OF_DEBIAN, **variables})
    assert done.rc == 0, done.stdout
    return done


@pytest.mark.extended
def test_whoever_has_no_systemd_reloads_nginx(site: Site, tmp_path: Path) -> None:
    link = tmp_path / "default"
    link.symlink_to("/nowhere")
    run(site)
    debian: dict[str, Any] = {"nginx_default_site": "absent", "nginx__default_link": str(link)}
    for check in (True, False):
        (said,) = run(site, check=check, **debian).task("Say who has to reload nginx")
        assert str(link) in said.result["msg"]
    assert not link.is_symlink()
    assert run(site, **debian).task("Say who has to reload nginx")[0].status == "skipped"


@pytest.mark.extended
def test_the_chain_finds_the_catch_all_as_it_would_write_it(site: Site) -> None:
    site.add("nginx-role")
    assert site.run("provision").rc == 0
    assert run(site, nginx_catch_all="absent").task(CATCH)[0].result["changed"]

    logs = str(site.directory / "logs")
    predicted = run(site, check=True, nginx_directories=[logs])
    done = run(site, nginx_directories=[logs])
    assert changes(predicted) == changes(done)
    assert changes(done)[CATCH]
    assert changes(done)["Make the directories"]
    for check in (True, False):
        assert run(site, check=check, nginx_directories=[logs]).changed == 0
    again = site.run("provision")
    assert (again.rc, again.changed) == (0, 0), again.stdout
